import type { History } from '../history.ts'
import type { Facts, Violation } from '../invariants/facts.ts'
import type { Ended, Race } from './race.ts'

const CLOSE_MS = 5
export const WINNERS = ['cancelled', 'completed', 'expired'] as const
type Winner = (typeof WINNERS)[number]

export interface Outcome {
  race: Race
  order_id: string
  winner: Winner
  /** How far from the decision each of the others came, those that came at all. */
  gapsMs: number[]
}

/** Who won each race, and by how much, by the clocks of this machine alone. */
export function outcomesOf(ended: readonly Ended[], facts: Facts, history: History): Outcome[] {
  const reasonOf = new Map(facts.orders.map(({ order_id, reason }) => [order_id, reason]))
  const decided = new Map(
    facts.archives.order
      .filter(({ type }) => type === 'order.confirmed.v1' || type === 'order.cancelled.v1')
      .map(({ key, created_ms }) => [key, created_ms]),
  )
  const ticks = [...decided].filter(([key]) => reasonOf.get(key) === 'EXPIRED').map(([, ms]) => ms)
  const appliedAt = new Map(facts.inboxes.order.map(({ event_id, at_ms }) => [event_id, at_ms]))
  const authorised = new Map(
    facts.archives.payment
      .filter(({ type }) => type === 'payment.authorized.v1')
      .map(({ key, event_id }) => [key, appliedAt.get(event_id)]),
  )
  const cancels = new Map(
    history.operations
      .filter(({ kind }) => kind === 'cancel')
      .map((operation) => [operation.order_id, operation]),
  )
  const wall = (ns: number) => history.startedAtMs + ns / 1e6

  return ended.flatMap(({ race, order_id, reason }) => {
    const at = decided.get(order_id)
    if (at === undefined) return []
    const winner = reason === 'CUSTOMER' ? 'cancelled' : reason === 'EXPIRED' ? 'expired' : 'completed'
    const gapsMs: number[] = []
    const cancel = cancels.get(order_id)
    if (winner !== 'cancelled' && cancel !== undefined) {
      gapsMs.push(Math.max(0, wall(cancel.invoked_ns) - at, at - wall(cancel.completed_ns)))
    }
    const applied = authorised.get(order_id)
    if (winner !== 'completed' && race !== 'cancel, deadline' && applied !== undefined) {
      gapsMs.push(Math.abs(applied - at))
    }
    if (winner !== 'expired' && race !== 'cancel, authorise') {
      gapsMs.push(Math.min(...ticks.map((tick) => Math.abs(tick - at))))
    }
    return [{ race, order_id, winner, gapsMs }]
  })
}

/** Another came within 5 ms of the decision; with `all`, all that took part. */
export function isClose({ race, gapsMs }: Outcome, all = false): boolean {
  const others = race.split(', ').length - 1
  return all
    ? gapsMs.length === others && Math.max(...gapsMs) <= CLOSE_MS
    : Math.min(...gapsMs, Infinity) <= CLOSE_MS
}

/** An order that was cancelled was not confirmed, and none was decided twice. */
export function oneDecision(facts: Facts): Violation[] {
  const decisions = facts.orderFacts.filter(
    ({ type }) => type === 'order.confirmed.v1' || type === 'order.cancelled.v1',
  )
  return [...Map.groupBy(decisions, ({ order_id }) => order_id)].flatMap(([order_id, of]) =>
    of.length === 1
      ? []
      : [
          {
            invariant: 'I8' as const,
            what: `is decided ${of.length} times: ${of.map(({ type }) => type).join()}`,
            order_id,
          },
        ],
  )
}
