import { isFinal, type ShopError } from '@lepton/client'
import { type Order, shop } from '../api.ts'
import { startCrowd, type Tally } from './crowd.ts'
import { nameOf, type Target } from './victims.ts'

/** How long (ms) the crowd buys before the blow and after it, and how long its last order may take. */
const BEFORE_MS = 2_000
const AFTER_MS = 6_000
const END_MS = 90_000
const LOOK_MS = 500

export interface Report {
  phase: 'warming' | 'struck' | 'settling' | 'checking' | 'done'
  tally: Tally
  /** What was seen of each victim. */
  struck: { name: string; observed: string; atMs: number }[]
  mine?: { order: Order; tookMs: number; capturedMinor?: number }
  books?: { kept: number; checkable: number; broken: string[] }
  error?: ShopError
}

interface Watcher {
  onReport: (report: Report) => void
  onMine: (order: Order) => void
  signal: AbortSignal
}

/** A crowd buys, you buy, the victims are killed, the crowd goes on; then every order's end is awaited, and the books are compared. */
export async function runExperiment(
  targets: readonly Target[],
  { onReport, onMine, signal }: Watcher,
): Promise<void> {
  let report: Report = { phase: 'warming', tally: { accepted: 0, ended: 0, refused: 0 }, struck: [] }
  const note = (change: Partial<Report>) => {
    report = { ...report, ...change }
    if (!signal.aborted) onReport(report)
  }
  note({})
  const crowd = startCrowd((tally) => note({ tally }))
  signal.addEventListener('abort', crowd.leave)
  try {
    await wait(BEFORE_MS, signal)
    const mine = buy((order, tookMs) => {
      note({ mine: { order, tookMs } })
      onMine(order)
    }, signal)
    note({ struck: await Promise.all(targets.map(strike)), phase: 'struck' })
    await wait(AFTER_MS, signal)
    crowd.stopBuying()
    note({ phase: 'settling' })
    const { order, tookMs } = await mine
    const payment = await shop.ask('GET', '/payments/:order_id', { params: { order_id: order.order_id } })
    note({ mine: { order, tookMs, capturedMinor: payment.captured_minor } })
    await until(() => crowd.tally().ended === crowd.tally().accepted, signal)
    note({ phase: 'checking' })
    note({ books: await checkBooks(signal), phase: 'done' })
  } catch (error) {
    if (!signal.aborted) note({ error: error as ShopError, phase: 'done' })
  } finally {
    crowd.leave()
  }
}

async function buy(onChange: (order: Order, tookMs: number) => void, signal: AbortSignal) {
  const began = performance.now()
  const { order_id } = await shop.ask('POST', '/orders', {
    body: { lines: [{ item_id: 'desk-lamp', quantity: 1 }], payment_token: 'tok_approved' },
    signal,
  })
  let last: { order: Order; tookMs: number } | undefined
  for await (const { order } of shop.followOrder(order_id, { signal, pollMs: LOOK_MS })) {
    last = { order, tookMs: performance.now() - began }
    onChange(order, last.tookMs)
    if (isFinal(order.status)) break
  }
  return last!
}

async function strike(target: Target): Promise<Report['struck'][number]> {
  const body = { reason: 'from the lab' }
  const { observed } =
    'server' in target
      ? await shop.ask('POST', '/ops/servers/:server/:action', {
          params: { server: target.server, action: 'kill' },
          body,
        })
      : await shop.ask('POST', '/ops/instances/:name/:action', {
          params: { name: target.instance, action: 'kill' },
          body,
        })
  return { name: nameOf(target), observed, atMs: Date.now() }
}

/** Has the books compared. A comparison that a service gave no part of has no result, and is asked for again. */
async function checkBooks(signal: AbortSignal): Promise<NonNullable<Report['books']>> {
  const began = await askForCheck(signal)
  let promises = began
  const isNew = () => promises.items.some(({ checked_at }) => checked_at !== null && checked_at > began.as_of)
  while (!isNew()) {
    await wait(LOOK_MS, signal)
    promises = await shop.ask('GET', '/ops/promises', { signal })
    if (!promises.is_checking && !isNew()) await askForCheck(signal)
  }
  const checkable = promises.items.filter(({ state }) => state === 'kept' || state === 'broken')
  return {
    kept: checkable.filter(({ state }) => state === 'kept').length,
    checkable: checkable.length,
    broken: checkable.filter(({ state }) => state === 'broken').map(({ id }) => id),
  }
}

function askForCheck(signal: AbortSignal) {
  return shop.ask('POST', '/ops/promises/check', { body: { reason: 'from the lab' }, signal })
}

/** Gives up quietly: the figures say what is missing. */
async function until(isTrue: () => boolean, signal: AbortSignal): Promise<void> {
  const end = performance.now() + END_MS
  while (!isTrue() && performance.now() < end) await wait(LOOK_MS, signal)
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
