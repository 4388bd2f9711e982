import { existsSync, readFileSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'

/** Every boundary at which a process can be told to die, and who passes it. */
export const FAILPOINTS = [
  'http.before_commit',
  'http.after_commit',
  'inbox.after_insert',
  'consumer.after_commit_before_offset',
  'relay.after_select',
  'relay.after_send',
  'relay.after_delete',
  'psp.before_call',
  'psp.after_call',
  'tcc.after_register',
  'tcc.after_try_1',
  'tcc.after_try_2',
  'tcc.after_decision',
  'tcc.mid_confirm',
  'timer.after_claim',
  'dlq.before_park',
  'dlq.after_park',
] as const

export type Failpoint = (typeof FAILPOINTS)[number]
export type FailpointAction = 'exit' | 'stop' | 'throw'

/** The patterns that can be left out, one at a time, to see what each is worth. */
export const PATTERNS = [
  'inbox',
  'outbox',
  'acknowledgement',
  'offset_order',
  'commit_order',
  'idempotency',
  'tombstone',
  'arbiter',
  'barrier',
  'never_throw',
  'durability',
] as const

export type Pattern = (typeof PATTERNS)[number]

/** What was injected by a failpoint that throws. */
export class InjectedFault extends Error {}

let armed: { folder: string; service: string } | undefined
let left = new Set<Pattern>()

/**
 * Lets this process be harmed on purpose. Called once at start.
 *
 * @throws Error outside development
 */
export function injectFaults(
  service: string,
  {
    LEPTON_ENV,
    FAILPOINTS_DIR,
    LEPTON_WITHOUT = [],
  }: {
    LEPTON_ENV: 'development' | 'production'
    FAILPOINTS_DIR?: string | undefined
    LEPTON_WITHOUT?: readonly Pattern[]
  },
): void {
  if (LEPTON_ENV !== 'development' && (FAILPOINTS_DIR !== undefined || LEPTON_WITHOUT.length > 0)) {
    throw new Error('FAILPOINTS_DIR and LEPTON_WITHOUT are for LEPTON_ENV=development only.')
  }
  armed = FAILPOINTS_DIR === undefined ? undefined : { folder: FAILPOINTS_DIR, service }
  left = new Set(LEPTON_WITHOUT)
}

/**
 * A place where a process can be told to die. Costs one comparison unless FAILPOINTS_DIR is set.
 *
 * It is armed by a file `<service>.<name>` (or `<name>`, for whoever comes first) in that folder, with the
 * action as content: `exit` (SIGKILL), `stop` (SIGSTOP, until somebody continues it) or `throw`. Whoever removes
 * the file acts, so of all instances one dies, once, also when it passes again after its restart.
 *
 * @throws InjectedFault when armed with `throw`
 */
export function failpoint(name: Failpoint): void {
  if (armed === undefined) return
  for (const file of [join(armed.folder, `${armed.service}.${name}`), join(armed.folder, name)]) {
    const action = disarm(file)
    if (action === 'exit') process.kill(process.pid, 'SIGKILL')
    if (action === 'stop') process.kill(process.pid, 'SIGSTOP')
    if (action === 'throw') throw new InjectedFault(`The failpoint ${name} was armed.`)
  }
}

/** Whether this process runs without a pattern that the shop needs to stay right. */
export function isWithout(pattern: Pattern): boolean {
  return left.has(pattern)
}

function disarm(file: string): string | undefined {
  if (!existsSync(file)) return undefined
  try {
    const action = readFileSync(file, 'utf8').trim()
    unlinkSync(file)
    return action
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
