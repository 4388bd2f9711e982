import { setTimeout as delay } from 'node:timers/promises'
import type { OrderRebuild } from '@lepton/contracts/rebuilds'
import type { StreamRebuild } from '@lepton/contracts/windows'
import { CannotStart } from './cannot-start.ts'
import type { Api } from './ops-api.ts'

const LOOK_MS = 500
/** A process that works on it may be killed: the next one goes on, and so does this. */
const SILENT_MS = 60_000

type Print = (line: string) => void

/** Makes the orders again, or joins the run that does. */
export async function rebuildOrders(api: Api, reason: string, print: Print): Promise<string> {
  const run = await follow<OrderRebuild>(
    api,
    { what: 'orders', reason },
    ({ share, orders, facts }) => `${Math.floor(share * 100)} %  ${orders} orders, ${facts} facts`,
    print,
  )
  return outcomeOf(run)
}

/** Counts the windows again. */
export async function rebuildStreams(api: Api, reason: string, print: Print): Promise<string> {
  const run = await follow<StreamRebuild>(
    api,
    { what: 'streams', reason },
    ({ counted }) => `${counted} events`,
    print,
  )
  const { counted, windows, differed } = run
  return [
    `${counted} events were counted again in ${secondsOf(run)} s`,
    `of ${windows} minutes that were over, ${differed === 0 ? 'none' : differed} came out otherwise`,
  ].join('\n')
}

/** Begins a rebuild and says how far it is until it has ended. */
async function follow<Run extends { finished_at: string | null }>(
  api: Api,
  { what, reason }: { what: 'orders' | 'streams'; reason: string },
  progressOf: (run: Run) => string,
  print: Print,
): Promise<Run> {
  const path = `/ops/rebuilds/${what}`
  let run = (await api('POST', path, { reason })) as unknown as Run
  for (let heardAtMs = Date.now(), shown = ''; run.finished_at === null;) {
    const line = progressOf(run)
    if (line !== shown) print(line)
    shown = line
    await delay(LOOK_MS)
    try {
      run = (await api('GET', path)) as unknown as Run
      heardAtMs = Date.now()
    } catch (error) {
      if (Date.now() - heardAtMs > SILENT_MS) throw error
      print(`  (${(error as Error).message})`)
    }
  }
  return run
}

/** @throws CannotStart where streams could not be read */
function outcomeOf(run: OrderRebuild): string {
  const { orders, facts, differed, missing, removed, unreadable, digest_before, digest_after } = run
  const changes = [
    [differed, 'differed from its stream'],
    [missing, 'had no row'],
    [removed, 'had no stream'],
  ].flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]))
  const lines = [
    `${orders} orders were made again from ${facts} facts in ${secondsOf(run)} s`,
    `before ${digest_before}`,
    `after  ${digest_after}`,
    changes.length === 0 ? 'every byte is as it was' : `put right: ${changes.join(', ')}`,
  ]
  if (unreadable === 0) return lines.join('\n')
  throw new CannotStart(
    [...lines, `${unreadable} streams have a gap and were left: reconcile names them`].join('\n'),
  )
}

function secondsOf({ started_at, finished_at }: { started_at: string; finished_at: string | null }): string {
  return ((Date.parse(finished_at!) - Date.parse(started_at)) / 1_000).toFixed(1)
}
