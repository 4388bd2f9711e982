import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type ChaosShop, startChaosShop } from './chaos-shop.ts'
import { collectFacts } from './collect/facts.ts'
import { untilQuiet } from './collect/quiet.ts'
import { watchStock } from './collect/stock-watch.ts'
import type { Goods } from './driver/acts.ts'
import { type DriverOptions, startDriver } from './driver/driver.ts'
import { stockShelves } from './driver/shelves.ts'
import { createHistory, type History } from './history.ts'
import { check } from './invariants/check.ts'
import type { Facts, Violation } from './invariants/facts.ts'
import { type Machines, startMachines } from './machines.ts'
import { discardPoison } from './nemesis/discard-poison.ts'
import { FAULT_KINDS, type FaultKind, needsOwnServers } from './nemesis/fault.ts'
import { type InjectedFault, type Profile, PROFILES, type Sources, startNemesis } from './nemesis/nemesis.ts'
import { sourcesOf } from './nemesis/sources.ts'
import { allowPrepared } from './nemesis/transactions.ts'
import { createRandom, type Random } from './random.ts'
import { everythingReady } from './ready.ts'

/** Longer than an order may take, so that a late one is not taken for a lost one. */
const QUIET_TIMEOUT_MS = 90_000

export interface Attack extends Pick<DriverOptions, 'workers' | 'operationsPerS' | 'mix' | 'twoPhaseShare'> {
  lastsMs: number
  sources: Sources
  profile: Profile
  /** How long the shop may take to become quiet, before what it left undone is looked at. */
  quietTimeoutMs: number
  onPhase?: (phase: RunPhase) => void
}

export type RunPhase = 'breaking' | 'healing' | 'judging'

export interface RunOptions {
  seed: number
  minutes: number
  profile: keyof typeof PROFILES
  faults: readonly FaultKind[]
  servers: 'own' | 'threes'
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
  /** Of the clock in the history. */
  historyStartedAtMs: number
  healedAtMs: number
  /** From the end of the last fault until every process was ready. */
  readyAfterMs: number
  quietAfterMs: number | undefined
  left: readonly string[]
}

/** A shop with its customers' whole history, which may be attacked more than once. */
export interface Session {
  shop: ChaosShop
  history: History
  goods: Goods
  random: Random
  note: (line: string) => void
}

/** Lets customers shop while everything breaks, heals it, waits until it is quiet, and checks every invariant. */
export async function attack(session: Session, options: Attack): Promise<RunResult> {
  const { shop, history, goods, random, note } = session
  const watch = watchStock(shop.databaseUrl('inventory'))
  const driver = startDriver(history, random.fork('driver'), {
    ...options,
    gateways: shop.gateways(),
    operatorSecret: shop.operatorSecret,
    goods,
  })
  const startedAtMs = Date.now()
  options.onPhase?.('breaking')
  const nemesis = startNemesis(shop, random.fork('nemesis'), options.sources, options.profile)
  note(`customers shop and things break for ${options.lastsMs / 1_000} s`)
  await delay(options.lastsMs, undefined, { signal: shop.signal }).catch(() => undefined)
  options.onPhase?.('healing')
  await nemesis.heal()
  const healedAtMs = Date.now()
  await driver.stop()
  const stoppedAtMs = Date.now()
  note(`${history.operations.length} operations, ${nemesis.injected.length} faults; everything heals`)
  await everythingReady(shop)
  const readyAfterMs = Date.now() - healedAtMs
  const quiet = await untilQuiet(shop, options.quietTimeoutMs, tidyAfter(shop, nemesis.injected))
  const quietAfterMs = quiet.afterMs === undefined ? undefined : Date.now() - stoppedAtMs
  note(quietAfterMs === undefined ? `not quiet: ${quiet.left.join(', ')}` : `quiet after ${quietAfterMs} ms`)
  options.onPhase?.('judging')
  const stockSamples = await watch.stop()
  const facts = await collectFacts(shop, history, { stockSamples, quietAfterMs })
  return {
    facts,
    violations: check(facts),
    injected: nemesis.injected,
    startedAtMs,
    historyStartedAtMs: history.startedAtMs,
    healedAtMs,
    readyAfterMs,
    quietAfterMs,
    left: quiet.left,
  }
}

const tidyAfter = (shop: ChaosShop, injected: readonly InjectedFault[]) => () =>
  injected.some(({ kind }) => kind === 'messages') ? discardPoison(shop) : Promise.resolve()

/** Waits for what was late when it was judged, and judges everything again: what is late is not yet lost. */
export async function judgeLate(
  { shop, history }: Pick<Session, 'shop' | 'history'>,
  result: RunResult,
  timeoutMs: number,
): Promise<RunResult> {
  if (result.quietAfterMs !== undefined) return result
  const { healedAtMs, injected } = result
  const { afterMs, left } = await untilQuiet(shop, timeoutMs, tidyAfter(shop, injected))
  const quietAfterMs = afterMs === undefined ? undefined : Date.now() - healedAtMs
  const { stockSamples } = result.facts
  const facts = await collectFacts(shop, history, { stockSamples, quietAfterMs })
  return { ...result, facts, violations: check(facts), quietAfterMs, left }
}

/** A shop of its own, attacked once and stopped. */
export async function runOnce(options: RunOptions): Promise<RunResult> {
  if (options.servers === 'own') return runOn(undefined, options)
  options.note('three machines start')
  const machines = await startMachines(options)
  options.note(
    `left out, for want of servers of the shop's own: ${FAULT_KINDS.filter(needsOwnServers).join(', ')}`,
  )
  options.note('left out: weather on the way to Kafka, whose brokers say themselves where they are')
  try {
    return await runOn(machines, options)
  } finally {
    await machines.stop()
  }
}

async function runOn(machines: Machines | undefined, options: RunOptions): Promise<RunResult> {
  const { seed, minutes, folder, signal, note } = options
  note('the shop starts')
  const shop = await startChaosShop({
    folder,
    signal,
    note,
    machines,
    hasSmallDisk: options.faults.includes('disk'),
  })
  const session = await openSession({ seed, folder, note, shop })
  try {
    if (options.faults.includes('transactions') && machines === undefined) await allowPrepared(shop)
    await everythingReady(shop)
    return await attack(session, {
      ...options,
      lastsMs: minutes * 60_000,
      sources: sourcesOf(options.faults),
      profile: PROFILES[options.profile],
      quietTimeoutMs: QUIET_TIMEOUT_MS,
    })
  } finally {
    await session.history.close()
    await session.shop.stop()
  }
}

export async function openSession({
  seed,
  folder,
  shop,
  note,
  units,
}: {
  seed: number
  folder: string
  shop: ChaosShop
  units?: { hot: number; other: number }
  note: (line: string) => void
}): Promise<Session> {
  mkdirSync(folder, { recursive: true })
  const random = createRandom(seed)
  const history = createHistory(join(folder, 'history.jsonl'))
  return { shop, history, random, note, goods: await stockShelves(shop, random.fork('shelves'), units) }
}
