import { evolve, placedOrder } from './domain.ts'
import type { Fact, Order } from './order.ts'

/** A fact with its place in the stream. */
export type Recorded = Fact & { version: number; at: string }

/** What the stream alone says of an order. The rest of its row is where messages have got to. */
export type Derived = Omit<Order, (typeof KEPT)[number]>

/** Of an order's row, what no fact says: its positions in the log, when it was asked after, and its trace. */
export const KEPT = [
  'pub_seq',
  'asked_at',
  'asks',
  'last_inv_seq',
  'last_pay_seq',
  'traceparent',
  'tracestate',
] as const

/** After how many facts, or when; everything where neither is said. */
export interface AsOf {
  version?: number | undefined
  at?: string | undefined
}

/** What is wrong with a stream; undefined where its versions run from 1 without a gap and begin with the placement. */
export function flawOf(facts: readonly Recorded[]): string | undefined {
  if (facts[0]?.type !== 'order.placed.v1') return 'its facts do not begin with its placement'
  return facts.some(({ version }, index) => version !== index + 1)
    ? 'a version is missing among its facts'
    : undefined
}

/** The order that a stream without a flaw makes: nothing else goes into it. */
export function foldOf([first, ...later]: readonly Recorded[]): Derived {
  if (first?.type !== 'order.placed.v1') throw new Error('a stream begins with a placement')
  const folded = later.reduce<Order>(
    (order, fact) => ({ ...evolve(order, fact), updated_at: fact.at }),
    placedOrder(first.data, first.at),
  )
  const kept: readonly string[] = KEPT
  return Object.fromEntries(Object.entries(folded).filter(([name]) => !kept.includes(name))) as Derived
}

/** The order after each of its facts; up to the first that does not follow from those before it. */
export function versionsOf(facts: readonly Recorded[]) {
  return facts.flatMap(({ version, type, at }, index) => {
    const until = facts.slice(0, index + 1)
    if (flawOf(until) !== undefined) return []
    const { status, decision, reason, stock, pay } = foldOf(until)
    return { version, type, at, status, decision, reason, stock, pay }
  })
}

/** The facts that had happened by then; none where the order was not there yet. */
export function factsUntil(facts: readonly Recorded[], { version, at }: AsOf): readonly Recorded[] {
  if (version !== undefined) return version > facts.length ? [] : facts.slice(0, version)
  return facts.filter((fact) => at === undefined || Date.parse(fact.at) <= Date.parse(at))
}
