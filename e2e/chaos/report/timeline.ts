import { DATABASE_OWNERS } from '@lepton/setup/services'
import type { Facts } from '../invariants/facts.ts'

/** One order's life over all services, in time order, and where everybody stands about it. */
export function timelineOf(orderId: string, facts: Facts): string {
  const charges = facts.charges.filter(({ merchant_reference }) => merchant_reference === orderId)
  const chargeIds = new Set(charges.map(({ charge_id }) => charge_id))
  const events = DATABASE_OWNERS.flatMap((owner) =>
    facts.archives[owner]
      .filter(({ key }) => key === orderId)
      .map(({ created_ms, type, pub_seq, event_id }) => ({
        at: created_ms,
        line: `${owner.padEnd(9)} ${String(pub_seq).padStart(2)} ${type.padEnd(32)} ${event_id} ${whereIs(event_id, facts)}`,
      })),
  ).sort((a, b) => a.at - b.at)
  const asked = facts.history
    .filter(({ order_id }) => order_id === orderId)
    .map(({ kind, repeat, outcome, status, problem, error, invoked_ns, completed_ns, process }) => {
      const [from, to] = [invoked_ns, completed_ns].map((ns) => (ns / 1e9).toFixed(3))
      const answer = [status, problem, error].filter((part) => part !== undefined).join(' ')
      return `  ${from}-${to} s  process ${process}: ${kind}${repeat === undefined ? '' : ` (${repeat})`} ${outcome} ${answer}`
    })
  const rows = [
    ...facts.orders.filter(({ order_id }) => order_id === orderId),
    ...facts.orderFacts.filter(({ order_id }) => order_id === orderId),
    ...facts.reservations.filter(({ order_id }) => order_id === orderId),
    ...facts.stockLedger.filter(({ order_id }) => order_id === orderId),
    ...facts.payments.filter(({ order_id }) => order_id === orderId),
    ...facts.paymentLedger.filter(({ order_id }) => order_id === orderId),
    ...charges,
    ...facts.movements.filter(({ charge_id }) => charge_id !== null && chargeIds.has(charge_id)),
    ...Object.values(facts.deadLetters)
      .flat()
      .filter(({ key }) => key === orderId),
  ]
  return [
    `\nOrder ${orderId}`,
    ...asked,
    ...events.map(({ at, line }) => `  ${new Date(at).toISOString()} ${line}`),
    ...rows.map((row) => `  ${JSON.stringify(row)}`),
  ].join('\n')
}

function whereIs(eventId: string, { log }: Facts): string {
  const places = log.filter(({ event_id }) => event_id === eventId)
  return places.length === 0
    ? 'NOT SENT'
    : places.map(({ topic, partition, offset }) => `${topic}/${partition}@${offset}`).join(' ')
}
