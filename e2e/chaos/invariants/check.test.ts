import { describe, expect, it } from '@jest/globals'
import { check, INVARIANTS } from './check.ts'
import type { Facts, InvariantId } from './facts.ts'
import { IDS, MINUTE, soundFacts } from './sound-facts.ts'

/** A row of facts to be changed: their types are read-only for those who check. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] }
type Breach = readonly [InvariantId, string, (facts: Mutable<Facts>) => void]

const { COMPLETED, REJECTED, REFUNDED } = IDS
const line = { item_id: 'cup', quantity: 2, unit_price_minor: 500 }
const letter = {
  consumer: 2,
  event_id: null,
  is_poison: false,
  key: COMPLETED,
  topic: 'inventory.v1',
  part: 0,
  off: 0,
}

const BREACHES: readonly Breach[] = [
  ['I1', 'more is committed than was received', (f) => f.reservationItems.push(item(COMPLETED, 'mug', 1))],
  [
    'I1',
    'an order was completed without its units',
    (f) => (f.orders[1] = { ...f.orders[0]!, order_id: REJECTED, lines: [{ ...line, quantity: 9 }] }),
  ],
  [
    'I1',
    'less than nothing was seen',
    (f) => f.stockSamples.push({ at_ms: 1, product_id: 'cup', available: -1, over: 0 }),
  ],
  ['I2', 'a unit is missing', (f) => (f.stock[0]!.available = 7)],
  ['I2', 'a reservation holds what the stock does not', (f) => (f.reservations[2]!.state = 'HELD')],
  ['I3', 'an accepted order is lost', (f) => f.orders.splice(0, 1)],
  ['I3', 'an order was not asked for', (f) => f.history.splice(0, 1)],
  ['I3', 'a refused order is there', (f) => (f.history[0]!.outcome = 'fail')],
  ['I3', 'an order holds other lines', (f) => (f.orders[0]!.lines[0]!.quantity = 3)],
  [
    'I4',
    'a key answered two orders',
    (f) => f.history.push({ ...f.history[0]!, answer: { order_id: REJECTED } }),
  ],
  ['I4', 'a key was accepted with two contents', (f) => f.history.push({ ...f.history[0]!, body: {} })],
  ['I4', 'an answer was kept and its order was not', (f) => f.orders.splice(0, 1)],
  ['I4', 'a receipt was booked twice', (f) => f.stockLedger.push(f.stockLedger[0]!)],
  ['I5', 'a card was charged twice', (f) => f.movements.push(f.movements[1]!)],
  ['I5', 'an order was authorised twice', (f) => f.charges.push({ ...f.charges[0]!, charge_id: 'other' })],
  ['I5', 'an authorisation was left behind', (f) => (f.charges[0]!.state = 'AUTHORIZED')],
  ['I5', 'another amount was charged', (f) => (f.movements[1]!.amount_minor = 999)],
  ['I6', 'a completed order is not paid', (f) => (f.movements[1]!.refusal = 'no')],
  ['I6', 'a movement is not in our books', (f) => f.paymentLedger.splice(0, 1)],
  ['I6', 'a movement is only in our books', (f) => f.movements.splice(0, 1)],
  ['I7', 'an order is not final', (f) => (f.orders[0]!.status = 'CONFIRMED')],
  ['I7', 'the shop was quiet too late', (f) => (f.quietAfterMs = 60_001)],
  ['I7', 'the shop never was quiet', (f) => (f.quietAfterMs = undefined)],
  ['I7', 'a task is left', (f) => (f.unfinished[0]!.count = 1)],
  ['I7', 'a checkout has no stream', (f) => f.checkouts.push({ order_id: 'gone', customer_id: 'alice' })],
  ['I7', 'a reservation is held indefinitely', (f) => (f.reservations[0]!.state = 'HELD')],
  ['I7', 'a transaction in two phases is open', (f) => f.twoPhase.push({ gid: COMPLETED, state: 'TRYING' })],
  ['I8', 'the stock disagrees', (f) => (f.reservations[0]!.state = 'RELEASED')],
  ['I8', 'the payment disagrees', (f) => (f.payments[2]!.state = 'CAPTURED')],
  ['I8', 'the amounts disagree', (f) => (f.payments[0]!.amount_minor = 1)],
  ['I8', 'a payment has no order', (f) => f.payments.push({ ...f.payments[0]!, order_id: 'gone' })],
  ['I8', 'other units were committed', (f) => (f.stockLedger[2]!.d_committed = 1)],
  ['I9', 'a key begins with its second event', (f) => (f.log[0]!.sequence = 2)],
  ['I9', 'a key is in two partitions', (f) => (f.log[3]!.partition = 1)],
  ['I10', 'an event was never sent', (f) => f.log.splice(1, 1)],
  ['I10', 'an event was sent and never committed', (f) => (f.archives = { ...f.archives, inventory: [] })],
  ['I10', 'a row counts an event that was not archived', (f) => (f.orders[0]!.pub_seq = 1)],
  [
    'I10',
    'the streams count an order twice',
    (f) => (f.windows.counted = { [MINUTE]: { ...f.windows.counted[MINUTE], orders: 4 } }),
  ],
  ['I10', 'the streams have lost a minute', (f) => (f.windows.counted = {})],
  ['I10', 'a checkout has no event', (f) => f.checkouts.push({ order_id: COMPLETED, customer_id: 'alice' })],
  [
    'I11',
    'an event was never applied',
    (f) => (f.inboxes = { ...f.inboxes, order: f.inboxes.order.slice(1) }),
  ],
  ['I11', 'an event was applied twice', (f) => (f.inboxes = twice(f.inboxes))],
  ['I11', 'a consumer stands behind', (f) => (f.payments[0]!.last_inv_seq = 0)],
  [
    'I11',
    'only a constraint stopped a second booking',
    (f) => f.repeatedBookings.push('payment_ledger_moves_once'),
  ],
  ['I12', 'an order is not its facts', (f) => (f.orders[0]!.pay = 'voided')],
  ['I12', 'a fact is missing', (f) => f.orderFacts.splice(2, 1)],
  [
    'I12',
    'an anomaly was met',
    (f) => f.anomalies.push({ order_id: COMPLETED, input: 'x', decision: 'OPEN' }),
  ],
  ['I12', 'an event came too early', (f) => bury(f, { ...letter, status: 'REPLAYED', error_message: null })],
  ['I13', 'a status goes back', (f) => (f.history[3]!.answer = { order_id: REFUNDED, status: 'REFUNDED' })],
  ['I13', 'an accepted order is not found', (f) => (f.history[3]!.status = 404)],
  ['I13', 'an accepted order is not listed', (f) => (f.history[4]!.answer = { items: [] })],
  ['I14', 'an innocent event is dead', (f) => bury(f, { ...letter, status: 'DEAD', error_message: 'why' })],
  ['I14', 'a record is refused', (f) => bury(f, { ...letter, status: 'REFUSED', error_message: 'why' })],
  ['I14', 'an event waits', (f) => bury(f, { ...letter, status: 'BLOCKED', error_message: null })],
]

describe('the invariants', () => {
  it('hold for a shop where all went well', () => {
    expect(check(soundFacts())).toEqual([])
  })

  it.each(BREACHES)('%s notices: %s', (invariant, _what, breach) => {
    const facts = soundFacts()
    breach(facts as Mutable<Facts>)
    expect(INVARIANTS[invariant].check(facts)).not.toEqual([])
  })

  it('leave seeded poison and what waited behind it alone', () => {
    const facts = soundFacts() as Mutable<Facts>
    const poison = { ...facts.log[0]!, offset: 9, event_id: null, sequence: null, isPoison: true }
    facts.log.push(poison)
    bury(facts, { ...letter, is_poison: true, off: 9, status: 'DISCARDED', error_message: 'not JSON' })
    bury(facts, { ...letter, off: 3, status: 'REPLAYED', error_message: null })

    expect(check(facts)).toEqual([])
  })

  it('know poison by its letter when the log was wiped behind it', () => {
    const facts = soundFacts() as Mutable<Facts>
    const event_id = '00000000-0000-7000-8000-0000000000ff'
    bury(facts, { ...letter, event_id, is_poison: true, status: 'DISCARDED', error_message: 'not JSON' })
    facts.inboxes = {
      ...facts.inboxes,
      order: [...facts.inboxes.order, { ...facts.inboxes.order[0]!, event_id }],
    }

    expect(check(facts)).toEqual([])
  })
})

function item(order_id: string, product_id: string, quantity: number) {
  return { order_id, product_id, quantity }
}

function bury(facts: Mutable<Facts>, row: Facts['deadLetters']['order'][number]): void {
  facts.deadLetters = { ...facts.deadLetters, order: [...facts.deadLetters.order, row] }
}

function twice(inboxes: Facts['inboxes']): Facts['inboxes'] {
  return { ...inboxes, order: [...inboxes.order, inboxes.order[0]!] }
}
