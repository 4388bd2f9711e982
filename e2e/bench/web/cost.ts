import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { Shop } from '@lepton/local/shop-types'
import type { Shopper } from '@lepton/testing/shop-client'
import { cpuSecondsWhole, processesOf, sum } from '../processes.ts'
import { judge } from './budget.ts'

const ROUNDS = 3
const WATCHED_S = 15
/** What an open overview asks for, and how often (ms). */
const ASKED = [
  ['/ops/overview', 2_000],
  ['/ops/series?names=accepted_per_s,completed_p50_ms&last_s=300', 4_000],
  ['/ops/promises', 4_000],
  ['/ops/streams/windows?per=minute&limit=60', 10_000],
] as const

/**
 * What the answers to an open console take of the machine, which is what they take of the orders a second: CPU is what those
 * are bound by. Orders a second themselves differ by 25 % from one round to the next here, which shows no 2 %. What is asked is
 * what a browser asks; the browser's own part is the refresh of the overview.
 */
export async function measureCost(shop: Shop, operator: Shopper): Promise<void> {
  const pids = processesOf(shop).flatMap(({ pids: own }) => own)
  const used = { closed: 0, open: 0 }
  const faults: Error[] = []
  for (let round = 0; round < ROUNDS; round++) {
    used.closed += await cpuOf(pids)
    const ask = (path: string) =>
      void operator.ask('GET', `/api/v1${path}`).catch((error: unknown) => faults.push(error as Error))
    const asking = ASKED.map(([path, everyMs]) => setInterval(ask, everyMs, path))
    used.open += await cpuOf(pids)
    asking.forEach(clearInterval)
  }
  // What is not answered costs less than it should.
  if (faults.length > 0) throw new AggregateError(faults, 'the console was not answered')
  const share = (used.open - used.closed) / (ROUNDS * WATCHED_S * availableParallelism())
  judge('an open console, CPU of all that answers it', share * 100, 2, '% of all cores', 2)
}

/** Of the whole shop, servers included, without orders. */
async function cpuOf(pids: readonly number[]): Promise<number> {
  const before = sum(pids, cpuSecondsWhole)
  await delay(WATCHED_S * 1_000)
  return sum(pids, cpuSecondsWhole) - before
}
