import type {
  AuditedCharge,
  AuditedOrder,
  AuditedPayment,
  AuditedReservation,
  Violation,
} from '@lepton/contracts/audit'

/** What the services and the card processor say of the same orders. */
export interface Story {
  orders: readonly AuditedOrder[]
  reservations: readonly AuditedReservation[]
  payments: readonly AuditedPayment[]
  charges: readonly AuditedCharge[]
  checkouts: readonly { order_id: string; is_old: boolean }[]
}

type Say = (invariant: string, what: string) => void

const RESERVATIONS: Record<string, readonly string[]> = {
  COMPLETED: ['COMMITTED'],
  REFUNDED: ['RESTOCKED'],
  CANCELLED: ['RELEASED', 'RESTOCKED', 'REJECTED'],
  REJECTED: ['REJECTED', 'RELEASED'],
}
const PAYMENTS: Record<string, readonly string[]> = {
  COMPLETED: ['CAPTURED'],
  REFUNDED: ['REFUNDED'],
  CANCELLED: ['VOIDED', 'REFUNDED', 'DECLINED'],
  // Refunded: what was to be voided had been captured at the card processor.
  REJECTED: ['DECLINED', 'VOIDED', 'REFUNDED'],
}

/** Where they contradict each other. Orders that are not settled yet are let be. */
export function compare({ orders, reservations, payments, charges, checkouts }: Story): Violation[] {
  const violations: Violation[] = []
  const known = new Map(orders.map((order) => [order.order_id, order]))
  const reservationOf = new Map(reservations.map((row) => [row.order_id, row]))
  const paymentOf = new Map(payments.map((row) => [row.order_id, row]))
  const chargesOf = Map.groupBy(charges, ({ merchant_reference }) => merchant_reference)
  for (const order of orders) {
    const { order_id } = order
    const say: Say = (invariant, what) => violations.push({ invariant, what, order_id })
    checkCharges(order, chargesOf.get(order_id) ?? [], say)
    if (!order.is_settled) continue
    checkStock(order, reservationOf.get(order_id), say)
    checkMoney(order, paymentOf.get(order_id), chargesOf.get(order_id) ?? [], say)
    checkPositions(order, reservationOf.get(order_id), paymentOf.get(order_id), say)
  }
  const charged = charges.filter(holdsMoney).map(({ merchant_reference }) => merchant_reference)
  const strangers = [...reservationOf.keys(), ...paymentOf.keys(), ...charged].filter((id) => !known.has(id))
  for (const order_id of new Set(strangers)) {
    violations.push({ invariant: 'I8', what: 'has stock, a payment or a charge, and no order', order_id })
  }
  for (const { order_id, is_old } of checkouts) {
    if (is_old && !known.has(order_id)) {
      violations.push({ invariant: 'I3', what: 'was accepted by the cart and is no order', order_id })
    }
  }
  return violations
}

/** Of an order that a restored shop has forgotten, its charge is settled when the customer has the money again. */
function holdsMoney({ state, captured_minor, refunded_minor }: AuditedCharge): boolean {
  return state === 'AUTHORIZED' || captured_minor > refunded_minor
}

/** I5 holds at every moment: one capture at most, of the exact amount, on one charge. */
function checkCharges({ amount_minor }: AuditedOrder, charges: readonly AuditedCharge[], say: Say): void {
  const captures = charges.reduce((sum, charge) => sum + charge.captures, 0)
  if (captures > 1) say('I5', `was charged ${captures} times`)
  const granted = charges.filter(({ state }) => state !== 'DECLINED')
  if (granted.length > 1) say('I5', `was authorised ${granted.length} times`)
  for (const { amount_minor: charged } of charges) {
    if (charged !== amount_minor) say('I5', `costs ${amount_minor}, the card was asked for ${charged}`)
  }
}

function checkStock(order: AuditedOrder, reservation: AuditedReservation | undefined, say: Say): void {
  const { status, units } = order
  const state = reservation?.state ?? 'NONE'
  if (!RESERVATIONS[status]?.includes(state)) say('I8', `is ${status} and its reservation ${state}`)
  const committed = reservation?.committed ?? {}
  for (const product of new Set([...Object.keys(units), ...Object.keys(committed)])) {
    const wanted = status === 'COMPLETED' ? (units[product] ?? 0) : 0
    const got = committed[product] ?? 0
    if (got !== wanted) say('I8', `is ${status} and got ${got} of ${product} instead of ${wanted}`)
  }
}

function checkMoney(
  { status, amount_minor }: AuditedOrder,
  payment: AuditedPayment | undefined,
  charges: readonly AuditedCharge[],
  say: Say,
): void {
  const state = payment?.state ?? 'NONE'
  if (!PAYMENTS[status]?.includes(state)) say('I8', `is ${status} and its payment ${state}`)
  const wanted = status === 'COMPLETED' ? amount_minor : 0
  const captured = charges.reduce((sum, charge) => sum + charge.captured_minor, 0)
  const refunded = charges.reduce((sum, charge) => sum + charge.refunded_minor, 0)
  if (captured - refunded !== wanted)
    say('I6', `is ${status}: ${wanted} were to be paid, ${captured - refunded} were`)
  const ours = [payment?.captured_minor ?? 0, payment?.refunded_minor ?? 0]
  // A charge that a restored shop never saw is settled at the processor alone.
  const isUnseen = ours[0] === 0 && captured === refunded
  if (!isUnseen && (ours[0] !== captured || ours[1] !== refunded)) {
    say('I6', `our books have ${ours.join(' - ')}, the processor's ${captured} - ${refunded}`)
  }
  if (charges.some((charge) => charge.state === 'AUTHORIZED')) say('I5', 'an authorisation was left behind')
}

/** I11: everybody has applied everything that everybody else published about the order. */
function checkPositions(
  order: AuditedOrder,
  reservation: AuditedReservation | undefined,
  payment: AuditedPayment | undefined,
  say: Say,
): void {
  const positions: [who: string, at: number | undefined, of: number | undefined, whose: string][] = [
    ['inventory', reservation?.last_order_seq, order.pub_seq, 'order'],
    ['payment', payment?.last_order_seq, order.pub_seq, 'order'],
    ['payment', payment?.last_inv_seq, reservation?.pub_seq, 'inventory'],
    ['order', order.last_inv_seq, reservation?.pub_seq, 'inventory'],
    ['order', order.last_pay_seq, payment?.pub_seq, 'payment'],
  ]
  for (const [who, at = 0, of = 0, whose] of positions) {
    if (at !== of) say('I11', `${who} applied ${at} of ${of} events of ${whose}`)
  }
}
