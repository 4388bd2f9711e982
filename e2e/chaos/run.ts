import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type ChaosShop, startChaosShop } from './chaos-shop.ts'
import { collectFacts } from './collect/facts.ts'
import { untilQuiet } from './collect/quiet.ts'
import { watchStock } from './collect/stock-watch.ts'
import { startDriver } from './driver/driver.ts'
import { stockShelves } from './driver/shelves.ts'
import { createHistory } from './history.ts'
import { check } from './invariants/check.ts'
import type { Facts, Violation } from './invariants/facts.ts'
import { discardPoison } from './nemesis/discard-poison.ts'
import type { FaultKind } from './nemesis/fault.ts'
import { type InjectedFault, PROFILES, startNemesis } from './nemesis/nemesis.ts'
import { sourcesOf } from './nemesis/sources.ts'
import { createRandom } from './random.ts'
import { everythingReady } from './ready.ts'

/** Longer than an order may take, so that one that is late is told from one that is lost. */
const QUIET_TIMEOUT_MS = 90_000

export interface RunOptions {
  seed: number
  minutes: number
  profile: keyof typeof PROFILES
  faults: readonly FaultKind[]
  workers: number
  operationsPerS: number
  folder: string
  signal: AbortSignal
  note: (line: string) => void
}

export interface RunResult {
  facts: Facts
  violations: Violation[]
  injected: readonly InjectedFault[]
  startedAtMs: number
  healedAtMs: number
  /** From the end of the last fault until every process was ready. */
  readyAfterMs: number
  quietAfterMs: number | undefined
  left: readonly string[]
}

/** Lets customers shop while everything breaks, heals it, waits until it is quiet, and checks every invariant. */
export async function runChaos(shop: ChaosShop, options: RunOptions): Promise<RunResult> {
  const { seed, minutes, note, signal } = options
  const random = createRandom(seed)
  const history = createHistory(join(options.folder, 'history.jsonl'))
  const goods = await stockShelves(shop, random.fork('shelves'))
  const watch = watchStock(shop.databaseUrl('inventory'))
  const driver = startDriver(history, random.fork('driver'), {
    gateways: shop.gateways(),
    operatorSecret: shop.operatorSecret,
    goods,
    workers: options.workers,
    operationsPerS: options.operationsPerS,
  })
  const startedAtMs = Date.now()
  const nemesis = startNemesis(
    shop,
    random.fork('nemesis'),
    sourcesOf(options.faults),
    PROFILES[options.profile],
  )
  note(`customers shop and things break for ${minutes} min`)
  await delay(minutes * 60_000, undefined, { signal }).catch(() => undefined)
  await nemesis.heal()
  const healedAtMs = Date.now()
  await driver.stop()
  const stoppedAtMs = Date.now()
  note(`${history.operations.length} operations, ${nemesis.injected.length} faults; everything heals`)
  await everythingReady(shop)
  const readyAfterMs = Date.now() - healedAtMs
  const quiet = await untilQuiet(shop, QUIET_TIMEOUT_MS, () =>
    options.faults.includes('messages') ? discardPoison(shop) : Promise.resolve(),
  )
  const quietAfterMs = quiet.afterMs === undefined ? undefined : Date.now() - stoppedAtMs
  note(quietAfterMs === undefined ? `not quiet: ${quiet.left.join(', ')}` : `quiet after ${quietAfterMs} ms`)
  const stockSamples = await watch.stop()
  await history.close()
  const facts = await collectFacts(shop, history, { stockSamples, quietAfterMs })
  return {
    facts,
    violations: check(facts),
    injected: nemesis.injected,
    startedAtMs,
    healedAtMs,
    readyAfterMs,
    quietAfterMs,
    left: quiet.left,
  }
}

/** A shop of its own, attacked once and stopped. */
export async function runOnce(options: RunOptions): Promise<RunResult & { shop: ChaosShop }> {
  mkdirSync(options.folder, { recursive: true })
  options.note('the shop starts')
  const shop = await startChaosShop({ folder: options.folder, signal: options.signal })
  try {
    return { ...(await runChaos(shop, options)), shop }
  } finally {
    await shop.stop()
  }
}
