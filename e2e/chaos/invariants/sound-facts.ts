import { ofEachOwner } from '@lepton/setup/services'
import type { Facts } from './facts.ts'

const COMPLETED = '00000000-0000-5000-8000-000000000001'
const REJECTED = '00000000-0000-5000-8000-000000000002'
const REFUNDED = '00000000-0000-5000-8000-000000000003'
const CHARGE_1 = '00000000-0000-7000-8000-000000000011'
const CHARGE_3 = '00000000-0000-7000-8000-000000000013'
const none = () => ofEachOwner(() => [])

export const MINUTE = '2026-01-31T12:00:00.000Z'
const COUNTS = { orders: 3, 'payment.captured.v1': 2_000, 'payment.refunded.v1': 1_000 }

export const IDS = { COMPLETED, REJECTED, REFUNDED, CHARGE_1, CHARGE_3 }

/** Three orders of a healthy shop, one completed, one refused for want of stock, one refunded; of a fresh copy each time. */
export function soundFacts(): Facts {
  return structuredClone(FACTS)
}

const line = { item_id: 'cup', quantity: 2, unit_price_minor: 500 }
const order = {
  customer_id: 'alice',
  pub_seq: 0,
  mode: 'saga',
  lines: [line],
  amount_minor: 1_000,
  last_inv_seq: 1,
  last_pay_seq: 0,
}
const placed = (order_id: string, index: number): Facts['history'][number] => ({
  index,
  process: 0,
  kind: 'place',
  customer_id: 'alice',
  key: `key-${index}`,
  order_id,
  body: { lines: [{ item_id: 'cup', quantity: 2 }], payment_token: 'tok_approved' },
  invoked_ns: index * 100,
  completed_ns: index * 100 + 50,
  outcome: 'ok',
  status: 202,
  answer: { order_id, status: 'PLACED' },
})
const eventId = (order_id: string) => order_id.replace('-5000-', '-7000-')
const event = (order_id: string, offset: number): Facts['log'][number] => ({
  topic: 'inventory.v1',
  partition: 0,
  offset,
  key: order_id,
  event_id: eventId(order_id),
  sequence: 1,
  type: 'inventory.stock_reserved.v1',
  timestamp_ms: 0,
  isPoison: false,
})
const inbox = (consumer: number) =>
  [COMPLETED, REJECTED, REFUNDED].map((id) => ({ consumer, event_id: eventId(id), at_ms: 0, sent_ms: 0 }))
const fact = (order_id: string, version: number, type: string, data: object = {}) => ({
  order_id,
  version,
  type,
  data,
})
const moved = (order_id: string | null, kind: Facts['stockLedger'][number]['kind'], d: number[]) => ({
  product_id: 'cup',
  order_id,
  receipt_id: order_id === null ? 'key-6' : null,
  kind,
  d_available: d[0]!,
  d_held: d[1]!,
  d_committed: d[2]!,
  d_received: d[3]!,
})
const paid = { amount_minor: 1_000, pub_seq: 0, last_order_seq: 0, last_inv_seq: 1 }
const charge = { amount_minor: 1_000, currency: 'EUR' as const, decline_reason: null }

const FACTS: Facts = {
  history: [
    placed(COMPLETED, 1),
    placed(REJECTED, 2),
    placed(REFUNDED, 3),
    {
      index: 4,
      process: 0,
      kind: 'read_order',
      customer_id: 'alice',
      order_id: COMPLETED,
      invoked_ns: 400,
      completed_ns: 450,
      outcome: 'ok',
      status: 200,
      answer: { order_id: COMPLETED, status: 'CONFIRMED' },
    },
    {
      index: 5,
      process: 0,
      kind: 'list_orders',
      customer_id: 'alice',
      invoked_ns: 500,
      completed_ns: 550,
      outcome: 'ok',
      status: 200,
      answer: {
        items: [
          { order_id: COMPLETED, status: 'COMPLETED' },
          { order_id: REJECTED, status: 'REJECTED' },
          { order_id: REFUNDED, status: 'COMPLETED' },
        ],
      },
    },
    {
      index: 6,
      process: 0,
      kind: 'restock',
      customer_id: 'operator',
      key: 'key-6',
      body: { product_id: 'cup', quantity: 10 },
      invoked_ns: 600,
      completed_ns: 650,
      outcome: 'ok',
      status: 200,
    },
  ],
  orders: [
    {
      ...order,
      order_id: COMPLETED,
      version: 5,
      decision: 'CONFIRMED',
      reason: null,
      stock: 'committed',
      pay: 'captured',
      status: 'COMPLETED',
    },
    {
      ...order,
      order_id: REJECTED,
      version: 5,
      decision: 'CANCELLED',
      reason: 'OUT_OF_STOCK',
      stock: 'rejected',
      pay: 'voided',
      status: 'REJECTED',
    },
    {
      ...order,
      order_id: REFUNDED,
      version: 8,
      decision: 'CANCELLED',
      reason: 'REFUND',
      stock: 'restocked',
      pay: 'refunded',
      status: 'REFUNDED',
    },
  ],
  orderFacts: [
    fact(COMPLETED, 1, 'order.placed.v1'),
    fact(COMPLETED, 2, 'order.confirmed.v1'),
    fact(COMPLETED, 3, 'order.stock_changed.v1', { stock: 'committed' }),
    fact(COMPLETED, 4, 'order.payment_changed.v1', { pay: 'captured' }),
    fact(COMPLETED, 5, 'order.completed.v1'),
    fact(REJECTED, 1, 'order.placed.v1'),
    fact(REJECTED, 2, 'order.stock_changed.v1', { stock: 'rejected' }),
    fact(REJECTED, 3, 'order.cancelled.v1', { reason: 'OUT_OF_STOCK' }),
    fact(REJECTED, 4, 'order.payment_changed.v1', { pay: 'voided' }),
    fact(REJECTED, 5, 'order.closed.v1', { status: 'REJECTED' }),
    fact(REFUNDED, 1, 'order.placed.v1'),
    fact(REFUNDED, 2, 'order.confirmed.v1'),
    fact(REFUNDED, 3, 'order.stock_changed.v1', { stock: 'committed' }),
    fact(REFUNDED, 4, 'order.payment_changed.v1', { pay: 'captured' }),
    fact(REFUNDED, 5, 'order.cancelled.v1', { reason: 'REFUND' }),
    fact(REFUNDED, 6, 'order.stock_changed.v1', { stock: 'restocked' }),
    fact(REFUNDED, 7, 'order.payment_changed.v1', { pay: 'refunded' }),
    fact(REFUNDED, 8, 'order.closed.v1', { status: 'REFUNDED' }),
  ],
  anomalies: [],
  checkouts: [],
  reservations: [
    { order_id: COMPLETED, state: 'COMMITTED', pub_seq: 1, last_order_seq: 0 },
    { order_id: REJECTED, state: 'REJECTED', pub_seq: 1, last_order_seq: 0 },
    { order_id: REFUNDED, state: 'RESTOCKED', pub_seq: 1, last_order_seq: 0 },
  ],
  reservationItems: [COMPLETED, REFUNDED].map((order_id) => ({ order_id, product_id: 'cup', quantity: 2 })),
  stock: [{ product_id: 'cup', available: 8, held: 0, committed: 2, received: 10 }],
  stockLedger: [
    moved(null, 'RECEIVE', [10, 0, 0, 10]),
    moved(COMPLETED, 'RESERVE', [-2, 2, 0, 0]),
    moved(COMPLETED, 'COMMIT', [0, -2, 2, 0]),
    moved(REFUNDED, 'RESERVE', [-2, 2, 0, 0]),
    moved(REFUNDED, 'COMMIT', [0, -2, 2, 0]),
    moved(REFUNDED, 'RESTOCK', [2, 0, -2, 0]),
  ],
  payments: [
    { ...paid, order_id: COMPLETED, state: 'CAPTURED', charge_id: CHARGE_1 },
    { ...paid, order_id: REJECTED, state: 'VOIDED', charge_id: null },
    { ...paid, order_id: REFUNDED, state: 'REFUNDED', charge_id: CHARGE_3 },
  ],
  paymentLedger: [
    { order_id: COMPLETED, kind: 'AUTH', amount_minor: 1_000, charge_id: CHARGE_1 },
    { order_id: COMPLETED, kind: 'CAPTURE', amount_minor: 1_000, charge_id: CHARGE_1 },
    { order_id: REFUNDED, kind: 'AUTH', amount_minor: 1_000, charge_id: CHARGE_3 },
    { order_id: REFUNDED, kind: 'CAPTURE', amount_minor: 1_000, charge_id: CHARGE_3 },
    { order_id: REFUNDED, kind: 'REFUND', amount_minor: 1_000, charge_id: CHARGE_3 },
  ],
  charges: [
    { ...charge, charge_id: CHARGE_1, merchant_reference: COMPLETED, state: 'CAPTURED' },
    { ...charge, charge_id: CHARGE_3, merchant_reference: REFUNDED, state: 'REFUNDED' },
  ],
  movements: [
    { charge_id: CHARGE_1, kind: 'authorize', amount_minor: 1_000, refusal: null },
    { charge_id: CHARGE_1, kind: 'capture', amount_minor: 1_000, refusal: null },
    { charge_id: CHARGE_3, kind: 'authorize', amount_minor: 1_000, refusal: null },
    { charge_id: CHARGE_3, kind: 'capture', amount_minor: 1_000, refusal: null },
    { charge_id: CHARGE_3, kind: 'refund', amount_minor: 1_000, refusal: null },
  ],
  archives: {
    ...none(),
    inventory: [COMPLETED, REJECTED, REFUNDED].map((key) => ({
      event_id: eventId(key),
      topic: 'inventory.v1',
      key,
      pub_seq: 1,
      type: 'inventory.stock_reserved.v1',
      created_ms: 0,
    })),
  },
  inboxes: { ...none(), order: inbox(2), payment: inbox(2) },
  deadLetters: none(),
  twoPhase: [],
  unfinished: [{ owner: 'payment', what: 'card processor tasks', count: 0 }],
  log: [event(COMPLETED, 0), event(REJECTED, 1), event(REFUNDED, 2), event(COMPLETED, 3)],
  windows: { counted: { [MINUTE]: COUNTS }, bySql: { [MINUTE]: COUNTS } },
  repeatedBookings: [],
  stockSamples: [],
  quietAfterMs: 900,
}
