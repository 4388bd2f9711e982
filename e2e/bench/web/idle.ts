import { setTimeout as delay } from 'node:timers/promises'
import type { Shop } from '@lepton/local/shop-types'
import { cpuSeconds, processesOf, pssMib, sum } from '../processes.ts'
import { judge } from './budget.ts'

const WATCHED_S = 20
/** What the start left to do is done by then. */
const SETTLE_MS = 25_000

/** What the machinery takes while it has nothing to do. */
export async function measureIdle(shop: Shop): Promise<void> {
  await delay(SETTLE_MS)
  const all = processesOf(shop)
  const ops = all.filter(({ name }) => name.startsWith('ops-')).flatMap(({ pids }) => pids)
  const before = sum(ops, cpuSeconds)
  await delay(WATCHED_S * 1_000)
  judge('ops idle, CPU', ((sum(ops, cpuSeconds) - before) / WATCHED_S) * 100, 2, '% of a core', 1)
  judge('ops idle, memory (PSS)', sum(ops, pssMib), 110, 'MiB')
  judge(
    'whole shop idle, memory (PSS)',
    sum(
      all.flatMap(({ pids }) => pids),
      pssMib,
    ),
    1_536,
    'MiB',
  )
}
