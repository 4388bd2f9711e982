import { ALL_SERVICES } from '@lepton/contracts/services'
import { type Lane, RECORDING_LIMITS } from '@lepton/contracts/recordings'
import { DATABASE_OWNERS } from '@lepton/setup/services'
import type { Operation } from '../history.ts'
import type { Facts, Violation } from '../invariants/facts.ts'
import type { RunResult } from '../run.ts'

const ENDED = ['order.completed.v1', 'order.cancelled.v1', 'order.closed.v1']
const STEP_MS = 500
/** An error message of a database may be long. */
const MAX_TEXT = 240

type Move = Lane['moves'][number]
type Facet = Pick<RunResult, 'facts' | 'violations' | 'injected' | 'startedAtMs'>

/** What can be shown of an attack: its faults, its orders as they were counted, the ways of some of them, and its verdict. */
export function laneOf(
  { facts, violations, injected, startedAtMs }: Facet,
  seen: { historyStartedAtMs: number; round: number },
): Lane {
  const since = (ms: number) => Math.max(0, Math.round(ms - startedAtMs))
  const accepted = acceptedAt(facts, seen.historyStartedAtMs).filter(({ at }) => at >= startedAtMs)
  const marked = [...new Set(violations.flatMap(({ order_id }) => order_id ?? []))]
  const ways = waysOf(facts, accepted).filter(({ at }) => at >= startedAtMs)
  const { moves, shown } = chooseMoves(ways, marked)
  const counts = countsOf(
    accepted.map(({ at }) => since(at)),
    endedAt(facts, new Set(accepted.map(({ orderId }) => orderId))).map(since),
  )
  const faults = injected
    .slice(0, RECORDING_LIMITS.faults)
    .map(({ title, beganAtMs, endedAtMs = beganAtMs }) => ({
      at: since(beganAtMs),
      ends: since(endedAtMs),
      title,
      hits: [...ALL_SERVICES, 'kafka', 'postgres'].filter((name) => title.includes(name)),
    }))
  const inOrder = moves.map(([at, ...rest]): Move => [since(at), ...rest]).sort(([a], [b]) => a - b)
  const ends = [
    ...inOrder.map(([at, , , , ms]) => at + ms),
    ...counts.map(([at]) => at),
    ...faults.map(({ ends: at }) => at),
  ]
  return {
    round: seen.round,
    lasts_ms: ends.reduce((last, at) => Math.max(last, at), 0),
    faults,
    counts,
    moves: inOrder,
    marked: shown.filter((id) => marked.includes(id)).length,
    broken: brokenOf(violations),
  }
}

function brokenOf(violations: readonly Violation[]): Lane['broken'] {
  return [...Map.groupBy(violations, ({ invariant }) => invariant)].map(([id, of]) => ({
    id,
    violations: of.length,
    sample: of.slice(0, RECORDING_LIMITS.samples).map(({ what, order_id }) => ({
      what: what.slice(0, MAX_TEXT),
      ...(order_id !== undefined && { order_id }),
    })),
  }))
}

interface Accepted {
  at: number
  tookMs: number
  orderId: string
  isFromCart: boolean
}

const PLACING = ['place', 'place_unpaid', 'checkout']

/** Whether an order is certainly the shop's from now on. */
export function isAccepted({ kind, outcome, order_id }: Operation): boolean {
  return outcome === 'ok' && order_id !== undefined && PLACING.includes(kind)
}

/** Each order once, also where its request was repeated; by the id that the shop gave it, whichever it should have been. */
function acceptedAt({ history }: Facts, historyStartedAtMs: number): Accepted[] {
  const byId = new Map<string, Accepted>()
  for (const operation of history.filter(isAccepted)) {
    const { kind, order_id, answer, invoked_ns, completed_ns } = operation
    const orderId = (answer as { order_id?: string } | undefined)?.order_id ?? order_id!
    const at = historyStartedAtMs + completed_ns / 1e6
    const tookMs = Math.round((completed_ns - invoked_ns) / 1e6)
    if (!byId.has(orderId)) byId.set(orderId, { at, tookMs, orderId, isFromCart: kind === 'checkout' })
  }
  return [...byId.values()]
}

/** When each of these orders first said that it had ended. */
function endedAt({ archives }: Facts, orders: ReadonlySet<string>): number[] {
  const first = new Map<string, number>()
  for (const { type, key, created_ms } of archives.order)
    if (ENDED.includes(type) && orders.has(key))
      first.set(key, Math.min(first.get(key) ?? Infinity, created_ms))
  return [...first.values()]
}

/** At the end of each step in which something was counted; of a long attack, steps are longer. */
function countsOf(accepted: readonly number[], ended: readonly number[]): Lane['counts'] {
  const last = [...accepted, ...ended].reduce((most, at) => Math.max(most, at), 0)
  const step = Math.max(STEP_MS, Math.ceil(last / (RECORDING_LIMITS.counts - 1)))
  const until = (at: number, of: readonly number[]) => of.filter((one) => one <= at).length
  return Array.from({ length: Math.ceil(last / step) }, (_, index) => (index + 1) * step).map((at) => [
    at,
    until(at, accepted),
    until(at, ended),
  ])
}

interface Way {
  at: number
  orderId: string
  from: string
  to: string
  ms: number
}

/** Every request that made an order, and every event from its transaction to the one that applied it. */
function waysOf({ archives, inboxes }: Facts, accepted: readonly Accepted[]): Way[] {
  const sent = new Map(
    DATABASE_OWNERS.flatMap((from) =>
      archives[from].map((event) => [event.event_id, { from, ...event }] as const),
    ),
  )
  const events = DATABASE_OWNERS.flatMap((to) =>
    inboxes[to].flatMap(({ event_id, at_ms }) => {
      const event = sent.get(event_id)
      if (event === undefined) return []
      const ms = Math.max(0, Math.round(at_ms - event.created_ms))
      return { at: event.created_ms, orderId: event.key, from: event.from, to, ms }
    }),
  )
  const requests = accepted.map(({ at, tookMs, orderId, isFromCart }) => ({
    at: at - tookMs,
    orderId,
    from: 'gateway',
    to: isFromCart ? 'cart' : 'order',
    ms: tookMs,
  }))
  return [...requests, ...events]
}

/** The orders that a promise was broken for, and of the others as many, evenly, as there is room for. */
function chooseMoves(ways: readonly Way[], marked: readonly string[]): { moves: Move[]; shown: string[] } {
  const byOrder = Map.groupBy(ways, ({ orderId }) => orderId)
  const others = [...byOrder.keys()].filter((id) => !marked.includes(id))
  const room = RECORDING_LIMITS.moves / (ways.length / Math.max(1, byOrder.size))
  const every = Math.max(1, Math.ceil(others.length / room))
  // Half of the room at most: what broke is shown beside what did not.
  const candidates = [
    ...marked.filter((id) => byOrder.has(id)).slice(0, Math.ceil(room / 2)),
    ...others.filter((_, index) => index % every === 0),
  ]
  const moves: Move[] = []
  const shown: string[] = []
  for (const id of candidates) {
    const own = byOrder.get(id)!
    if (moves.length + own.length > RECORDING_LIMITS.moves) break
    moves.push(...own.map(({ at, from, to, ms }): Move => [at, shown.length, from, to, ms]))
    shown.push(id)
  }
  return { moves, shown }
}
