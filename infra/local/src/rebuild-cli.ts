import { setTimeout as delay } from 'node:timers/promises'
import type { OrderRebuild } from '@lepton/contracts/rebuilds'
import { CannotStart } from './cannot-start.ts'
import type { Api } from './ops-api.ts'

const LOOK_MS = 500
/** A process that works on it may be killed: the next one goes on, and so does this. */
const SILENT_MS = 60_000

/** Begins a rebuild, or joins the one in progress, and says how far it is until it has ended. */
export async function rebuildOrders(
  api: Api,
  reason: string,
  print: (line: string) => void,
): Promise<string> {
  const ask = async (method: 'GET' | 'POST') =>
    (await api(
      method,
      '/ops/rebuilds/orders',
      method === 'POST' ? { reason } : undefined,
    )) as unknown as OrderRebuild
  let run = await ask('POST')
  if (run.reason !== reason)
    print(`joins the rebuild that ${run.who} began at ${run.started_at}: ${run.reason}`)
  for (let heardAtMs = Date.now(), shown = ''; run.finished_at === null;) {
    const line = `${Math.floor(run.share * 100)} %  ${run.orders} orders, ${run.facts} facts`
    if (line !== shown) print(line)
    shown = line
    await delay(LOOK_MS)
    try {
      run = await ask('GET')
      heardAtMs = Date.now()
    } catch (error) {
      if (Date.now() - heardAtMs > SILENT_MS) throw error
      print(`  (${(error as Error).message})`)
    }
  }
  return outcomeOf(run)
}

/** @throws CannotStart where streams could not be read */
export function outcomeOf(run: OrderRebuild): string {
  const { orders, facts, differed, missing, removed, unreadable, digest_before, digest_after } = run
  const tookS = (Date.parse(run.finished_at!) - Date.parse(run.started_at)) / 1_000
  const changes = [
    [differed, 'differed from its stream'],
    [missing, 'had no row'],
    [removed, 'had no stream'],
  ].flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]))
  const lines = [
    `${orders} orders were made again from ${facts} facts in ${tookS.toFixed(1)} s`,
    `before ${digest_before}`,
    `after  ${digest_after}`,
    changes.length === 0 ? 'every byte is as it was' : `put right: ${changes.join(', ')}`,
  ]
  if (unreadable === 0) return lines.join('\n')
  throw new CannotStart(
    [...lines, `${unreadable} streams have a gap and were left: reconcile names them`].join('\n'),
  )
}
