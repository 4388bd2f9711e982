import { withoutPattern } from '@lepton/testing/mutants/environment'
import type { Protection } from '@lepton/testing/mutants/protections'

/** The gateway of a shop that is not the suite's own: one that Docker Compose runs from this checkout. */
export function targetUrl(env = process.env): string | undefined {
  return env['LEPTON_TARGET'] || undefined
}

/** Names the cluster of `pnpm cluster`, which has an address for each service. */
export const KUBERNETES = 'kubernetes'

/** Where Docker Compose publishes the gateway. */
export function composeGateway(env = process.env): string {
  return `http://localhost:${env['GATEWAY_PORT'] || '8080'}`
}

/** Jest runs ES modules behind a flag. */
export function environmentOfJest(target: string | undefined): NodeJS.ProcessEnv {
  return {
    ...process.env,
    NODE_OPTIONS: '--experimental-vm-modules --no-warnings',
    ...(target !== undefined && { LEPTON_TARGET: target }),
  }
}

/**
 * The checkout of the release that an update on Kubernetes begins with, whose image is lepton-service:before; without it,
 * instances are replaced by their like.
 */
export function releaseBefore(env = process.env): string | undefined {
  return env['LEPTON_BEFORE'] || undefined
}

/** The browser of the tests, where it is not to be the one from npm. */
export function browserPath(env = process.env): string | undefined {
  return env['LEPTON_BROWSER'] || undefined
}

/** Where the pictures of the README are to be written; none are taken without it. */
export function picturesDir(env = process.env): string | undefined {
  return env['LEPTON_PICTURES'] || undefined
}

/** In how many random orders the services are started, and by which seed. */
export function startsWanted(env = process.env): { starts: number; seed: number } {
  return {
    starts: Number(env['LEPTON_STARTS'] || '3'),
    seed: Number(env['LEPTON_SEED'] || Date.now() % 1_000_000),
  }
}

/** Where the suite's own shop keeps its state; set by the global set-up for the test processes. */
export function stateDir(env = process.env): string {
  const dir = env['E2E_STATE_DIR']
  if (dir) return dir
  throw new Error('E2E_STATE_DIR is not set: the journeys are run by jest, with the project e2e')
}

/** Whether logs and data of the suite's own shop stay after the run, to look for a cause. */
export function keepsState(env = process.env): boolean {
  return env['E2E_KEEP_STATE'] === 'true'
}

export function publishStateDir(dir: string): void {
  process.env['E2E_STATE_DIR'] = dir
}

/** Takes the protection out of every process of the suite's own shop that this one is without, too (hostile/mutants.ts). */
export function mutation(env = process.env): Record<string, string> {
  const mutant = env['LEPTON_MUTANT'] as Protection | undefined
  if (mutant === undefined) return {}
  const { importOption, ...named } = withoutPattern(mutant)
  return { ...named, NODE_OPTIONS: importOption }
}

/** Settings of a shop under test: many requests come from one address, and a test does not wait minutes for a deadline. */
export const PAYMENT_WAIT_MS = 8_000
const UNLIMITED = '1000000000'
export const SETTINGS = {
  // Tests share their machine: that it is busy must not shrink what an instance takes in.
  all: { INBOUND_MIN: '256' },
  gateway: {
    RATE_LIMIT_PER_MINUTE: UNLIMITED,
    ADDRESS_LIMIT_PER_MINUTE: UNLIMITED,
    SESSION_LIMIT_PER_MINUTE: UNLIMITED,
    SUBJECT_MAX_IN_FLIGHT: UNLIMITED,
    REQUEST_TIMEOUT_MS: '5000',
    HEADERS_TIMEOUT_MS: '4000',
  },
  order: {
    ORDER_MAX_OPEN_PER_CUSTOMER: UNLIMITED,
    ORDER_MAX_UNPAID_UNITS_PER_CUSTOMER: UNLIMITED,
    ORDER_MIN_IN_PROGRESS: UNLIMITED,
    ORDER_MAX_IN_PROGRESS: UNLIMITED,
    ORDER_PAYMENT_WAIT_MS: String(PAYMENT_WAIT_MS),
  },
  // An attacker's 220 slow cards are authorised and voided at 3 s each: the books are compared when that is over.
  payment: { PSP_MAX_IN_FLIGHT_PER_CUSTOMER: '40' },
}
