import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { ROOT } from '@lepton/local/root'

const MAIN = join(ROOT, 'infra', 'cluster', 'src', 'main.ts')
/** The shop that journeys and measurements visit. */
const OVERLAY = 'e2e/kubernetes'

/** Starts the three nodes of `pnpm cluster`, or what of them does not run, and the shop on them. */
export async function bringUpCluster(release?: Release): Promise<void> {
  await cluster(['up'])
  await runShop(release)
}

/** Runs the shop on them, or updates it. */
export function runShop({ checkout, image }: Release = {}): Promise<void> {
  const overlay = join(checkout ?? ROOT, OVERLAY)
  return cluster(['try', overlay], image === undefined ? {} : { LEPTON_IMAGE: image })
}

/** Another one than this checkout's, with the image that Docker has of it. */
export interface Release {
  checkout?: string
  image?: string
}

async function cluster(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error('The shop did not come up: `pnpm cluster status` says what runs.')
}
