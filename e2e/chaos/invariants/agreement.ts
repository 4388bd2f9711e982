import type { Status } from '@lepton/contracts/order'
import type { Facts, Violation } from './facts.ts'
import { poisonedKeys } from './log.ts'

const PAYMENTS_OF: Partial<Record<Status, string[]>> = {
  COMPLETED: ['CAPTURED'],
  REFUNDED: ['REFUNDED'],
  CANCELLED: ['VOIDED', 'REFUNDED', 'DECLINED'],
  REJECTED: ['DECLINED', 'VOIDED'],
}
const RESERVATIONS_OF: Partial<Record<Status, string[]>> = {
  COMPLETED: ['COMMITTED'],
  REFUNDED: ['RESTOCKED'],
  CANCELLED: ['RELEASED', 'RESTOCKED', 'REJECTED'],
  REJECTED: ['REJECTED', 'RELEASED'],
}

/** I8: order, stock and payment tell the same story, and the units and lines are the same ones. */
export function agreement({
  deadLetters,
  log,
  orders,
  reservations,
  reservationItems,
  payments,
  stockLedger,
}: Facts): Violation[] {
  const reservationOf = new Map(reservations.map((row) => [row.order_id, row]))
  const paymentOf = new Map(payments.map((row) => [row.order_id, row]))
  const itemsOf = Map.groupBy(reservationItems, ({ order_id }) => order_id)
  const movesOf = Map.groupBy(stockLedger, ({ order_id }) => order_id ?? '')
  const known = new Set(orders.map(({ order_id }) => order_id))
  const poisoned = poisonedKeys({ deadLetters, log })

  const disagreeing = orders.flatMap(({ order_id, status, lines, amount_minor }) => {
    const reservation = reservationOf.get(order_id)?.state ?? 'NONE'
    const payment = paymentOf.get(order_id)
    const wrong: string[] = []
    if (RESERVATIONS_OF[status]?.includes(reservation) !== true) {
      wrong.push(`is ${status} and its reservation ${reservation}`)
    }
    if (PAYMENTS_OF[status]?.includes(payment?.state ?? 'NONE') !== true) {
      wrong.push(`is ${status} and its payment ${payment?.state ?? 'NONE'}`)
    }
    if (payment !== undefined && ![null, amount_minor].includes(payment.amount_minor)) {
      wrong.push(`costs ${amount_minor} and its payment is of ${payment.amount_minor}`)
    }
    const moved = new Map<string, number>()
    for (const { product_id, d_committed } of movesOf.get(order_id) ?? []) {
      moved.set(product_id, (moved.get(product_id) ?? 0) + d_committed)
    }
    for (const { item_id, quantity } of lines) {
      const wanted = status === 'COMPLETED' ? quantity : 0
      const got = moved.get(item_id) ?? 0
      if (got !== wanted) wrong.push(`is ${status} and got ${got} instead of ${wanted} of ${item_id}`)
    }
    const items = itemsOf.get(order_id)
    const strange = items?.filter(
      (item) => !lines.some((line) => line.item_id === item.product_id && line.quantity === item.quantity),
    )
    if (strange !== undefined && strange.length > 0) wrong.push('reserved other units than it holds')
    return wrong.map((what) => ({ invariant: 'I8' as const, what, order_id }))
  })
  const orphans = [...reservations, ...payments]
    .filter(({ order_id }) => !known.has(order_id) && !poisoned.has(order_id))
    .map(({ order_id, state }) => ({
      invariant: 'I8' as const,
      what: `is ${state} without an order`,
      order_id,
    }))
  return [...disagreeing, ...orphans]
}
