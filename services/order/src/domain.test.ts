import { describe, expect, it } from '@jest/globals'
import type { CancelReason, PayFlag, StockFlag } from '@lepton/contracts/order'
import { decide, evolve, isSettled, placedOrder } from './domain.ts'
import type { Decision, Order, Verdict } from './order.ts'
import { type Input, TABLE } from './state-table.ts'

const NOW = '2026-01-01T00:00:00.000Z'
const placed = placedOrder(
  {
    order_id: '01890000-0000-7000-8000-000000000001',
    customer_id: '01890000-0000-7000-8000-000000000002',
    mode: 'saga',
    lines: [{ item_id: 'espresso-beans', name: 'Espresso beans', quantity: 1, unit_price_minor: 100 }],
    amount_minor: 100,
    currency: 'EUR',
    payment_token: 'tok_approved',
    deadline: '2026-01-01T00:02:00.000Z',
  },
  NOW,
)

interface Given {
  decision: Decision
  stock?: StockFlag
  pay?: PayFlag
  reason?: CancelReason
}

function orderThat({ decision, stock = 'pending', pay = 'pending', reason }: Given): Order {
  const status = { OPEN: 'PLACED', CONFIRMED: 'CONFIRMED', CANCELLED: 'CANCELLING' } as const
  return { ...placed, decision, stock, pay, reason: reason ?? null, status: status[decision] }
}

/** What became of an order: the verdict, and the order after it. */
function outcomeOf(given: Given, name: Input['name'], kind: Input['kind'] = 'reported') {
  const order = orderThat(given)
  const verdict = decide(order, { kind, name })
  return { verdict, after: after(order, verdict) }
}

function after(order: Order, verdict: Verdict): Order {
  if (verdict.kind !== 'change') return order
  expect(verdict.next).toEqual(verdict.facts.reduce(evolve, order))
  return verdict.next
}

const OPEN: Given = { decision: 'OPEN' }
const HELD: Given = { decision: 'OPEN', stock: 'held' }
const CONFIRMED: Given = { decision: 'CONFIRMED', stock: 'held', pay: 'authorized' }
const PAID: Given = { decision: 'CONFIRMED', stock: 'held', pay: 'captured' }
const cancelled = (reason: CancelReason, flags: Partial<Given> = {}): Given => ({
  decision: 'CANCELLED',
  reason,
  ...flags,
})

type Expected = Verdict['kind'] | Partial<Pick<Order, 'decision' | 'stock' | 'pay' | 'reason' | 'status'>>

// Written out from the specification, cell by cell; not derived from the table in the code.
const CELLS: [input: Input['name'], given: Given, expected: Expected][] = [
  ['stock_reserved', OPEN, { decision: 'OPEN', stock: 'held', status: 'RESERVED' }],
  ['stock_reserved', HELD, 'ignore'],
  ['stock_reserved', CONFIRMED, 'ignore'],
  ['stock_reserved', cancelled('CUSTOMER'), { decision: 'CANCELLED', stock: 'held', status: 'CANCELLING' }],

  [
    'stock_rejected',
    OPEN,
    { decision: 'CANCELLED', reason: 'OUT_OF_STOCK', stock: 'rejected', status: 'CANCELLING' },
  ],
  ['stock_rejected', CONFIRMED, 'anomaly'],
  ['stock_rejected', cancelled('CUSTOMER'), { decision: 'CANCELLED', reason: 'CUSTOMER', stock: 'rejected' }],

  ['payment_authorized', HELD, { decision: 'CONFIRMED', pay: 'authorized', status: 'CONFIRMED' }],
  [
    'payment_authorized',
    OPEN,
    { decision: 'CONFIRMED', stock: 'held', pay: 'authorized', status: 'CONFIRMED' },
  ],
  ['payment_authorized', CONFIRMED, 'ignore'],
  [
    'payment_authorized',
    cancelled('EXPIRED'),
    { decision: 'CANCELLED', pay: 'authorized', status: 'CANCELLING' },
  ],

  [
    'payment_declined',
    HELD,
    { decision: 'CANCELLED', reason: 'DECLINED', pay: 'declined', status: 'CANCELLING' },
  ],
  ['payment_declined', CONFIRMED, 'anomaly'],
  ['payment_declined', cancelled('CUSTOMER'), { decision: 'CANCELLED', reason: 'CUSTOMER', pay: 'declined' }],

  ['stock_committed', OPEN, 'anomaly'],
  ['stock_committed', CONFIRMED, { decision: 'CONFIRMED', stock: 'committed', status: 'CONFIRMED' }],
  ['stock_committed', PAID, { stock: 'committed', pay: 'captured', status: 'COMPLETED' }],
  ['stock_committed', cancelled('REFUND'), { stock: 'committed', status: 'CANCELLING' }],
  ['stock_committed', cancelled('CAPTURE_FAILED'), { stock: 'committed', status: 'CANCELLING' }],
  ['stock_committed', cancelled('CUSTOMER'), 'anomaly'],
  ['stock_committed', cancelled('EXPIRED'), 'anomaly'],
  ['stock_committed', cancelled('DECLINED'), 'anomaly'],
  ['stock_committed', cancelled('OUT_OF_STOCK'), 'anomaly'],

  ['payment_captured', OPEN, 'anomaly'],
  ['payment_captured', CONFIRMED, { decision: 'CONFIRMED', pay: 'captured', status: 'CONFIRMED' }],
  [
    'payment_captured',
    { decision: 'CONFIRMED', stock: 'committed', pay: 'authorized' },
    { stock: 'committed', pay: 'captured', status: 'COMPLETED' },
  ],
  ['payment_captured', cancelled('REFUND'), { pay: 'captured', status: 'CANCELLING' }],
  ['payment_captured', cancelled('CAPTURE_FAILED'), { pay: 'captured', status: 'CANCELLING' }],
  ['payment_captured', cancelled('CUSTOMER'), 'anomaly'],
  ['payment_captured', cancelled('EXPIRED'), 'anomaly'],
  ['payment_captured', cancelled('DECLINED'), 'anomaly'],
  ['payment_captured', cancelled('OUT_OF_STOCK'), 'anomaly'],

  ['payment_capture_failed', OPEN, 'anomaly'],
  [
    'payment_capture_failed',
    CONFIRMED,
    { decision: 'CANCELLED', reason: 'CAPTURE_FAILED', status: 'CANCELLING' },
  ],
  ['payment_capture_failed', cancelled('CAPTURE_FAILED'), 'ignore'],
  ['payment_capture_failed', cancelled('CUSTOMER'), 'ignore'],

  ['stock_released', OPEN, 'anomaly'],
  ['stock_released', CONFIRMED, 'anomaly'],
  ['stock_released', cancelled('CUSTOMER', { stock: 'held' }), { stock: 'released', status: 'CANCELLING' }],
  ['stock_released', cancelled('CUSTOMER', { pay: 'voided' }), { stock: 'released', status: 'CANCELLED' }],
  ['stock_restocked', OPEN, 'anomaly'],
  ['stock_restocked', CONFIRMED, 'anomaly'],
  [
    'stock_restocked',
    cancelled('REFUND', { stock: 'committed', pay: 'captured' }),
    { stock: 'restocked', status: 'CANCELLING' },
  ],
  [
    'stock_restocked',
    cancelled('REFUND', { stock: 'committed', pay: 'refunded' }),
    { stock: 'restocked', status: 'REFUNDED' },
  ],
  ['payment_voided', OPEN, 'anomaly'],
  ['payment_voided', CONFIRMED, 'anomaly'],
  ['payment_voided', cancelled('EXPIRED', { stock: 'held' }), { pay: 'voided', status: 'CANCELLING' }],
  ['payment_voided', cancelled('EXPIRED', { stock: 'released' }), { pay: 'voided', status: 'CANCELLED' }],
  ['payment_refunded', OPEN, 'anomaly'],
  ['payment_refunded', CONFIRMED, 'anomaly'],
  [
    'payment_refunded',
    cancelled('REFUND', { stock: 'committed', pay: 'captured' }),
    { pay: 'refunded', status: 'CANCELLING' },
  ],
  [
    'payment_refunded',
    cancelled('REFUND', { stock: 'restocked', pay: 'captured' }),
    { pay: 'refunded', status: 'REFUNDED' },
  ],

  // A status answer of a participant that does not have the decision yet: it is published again.
  ['nothing_yet', OPEN, 'ignore'],
  ['nothing_yet', CONFIRMED, 'repeat'],
  ['nothing_yet', cancelled('CUSTOMER'), 'repeat'],
  ['reservation_overdue', HELD, { decision: 'CANCELLED', reason: 'EXPIRED', status: 'CANCELLING' }],
  ['reservation_overdue', CONFIRMED, 'repeat'],
  ['reservation_overdue', cancelled('CUSTOMER', { stock: 'held' }), 'repeat'],
]

const ASKED: [input: Input['name'], given: Given, expected: Expected][] = [
  ['customer_cancels', OPEN, { decision: 'CANCELLED', reason: 'CUSTOMER', status: 'CANCELLING' }],
  ['customer_cancels', HELD, { decision: 'CANCELLED', reason: 'CUSTOMER', status: 'CANCELLING' }],
  ['customer_cancels', CONFIRMED, 'refuse'],
  ['customer_cancels', cancelled('EXPIRED'), 'ignore'],
  ['customer_wants_refund', OPEN, 'refuse'],
  ['customer_wants_refund', CONFIRMED, 'refuse'],
  ['customer_wants_refund', PAID, { decision: 'CANCELLED', reason: 'REFUND', status: 'CANCELLING' }],
  ['customer_wants_refund', cancelled('REFUND'), 'ignore'],
  ['customer_wants_refund', cancelled('CUSTOMER'), 'refuse'],
  ['all_tried', OPEN, { decision: 'CONFIRMED', stock: 'held', pay: 'authorized', status: 'CONFIRMED' }],
  ['all_tried', CONFIRMED, 'ignore'],
  ['all_tried', cancelled('CUSTOMER'), 'ignore'],
  ['stock_try_refused', OPEN, { decision: 'CANCELLED', reason: 'OUT_OF_STOCK', status: 'CANCELLING' }],
  ['stock_try_refused', CONFIRMED, 'ignore'],
  ['stock_try_refused', cancelled('CUSTOMER'), 'ignore'],
  ['payment_try_refused', OPEN, { decision: 'CANCELLED', reason: 'DECLINED', status: 'CANCELLING' }],
  ['payment_try_refused', CONFIRMED, 'ignore'],
  ['payment_try_refused', cancelled('CUSTOMER'), 'ignore'],
  ['try_unanswered', OPEN, { decision: 'CANCELLED', reason: 'EXPIRED', status: 'CANCELLING' }],
  ['try_unanswered', CONFIRMED, 'ignore'],
  ['try_unanswered', cancelled('CUSTOMER'), 'ignore'],
  ['deadline_passed', OPEN, { decision: 'CANCELLED', reason: 'EXPIRED', status: 'CANCELLING' }],
  ['deadline_passed', HELD, { decision: 'CANCELLED', reason: 'EXPIRED', status: 'CANCELLING' }],
  ['deadline_passed', CONFIRMED, 'ignore'],
  ['deadline_passed', cancelled('CUSTOMER'), 'ignore'],
]

function expectOutcome(given: Given, input: Input['name'], kind: Input['kind'], expected: Expected): void {
  const { verdict, after: next } = outcomeOf(given, input, kind)
  if (typeof expected === 'string') expect(verdict.kind).toBe(expected)
  else expect({ kind: verdict.kind, ...next }).toMatchObject({ kind: 'change', ...expected })
}

describe('every cell of the state table', () => {
  it.each(CELLS)('%s on %j', (input, given, expected) => expectOutcome(given, input, 'reported', expected))
  it.each(ASKED)('%s on %j', (input, given, expected) => expectOutcome(given, input, 'asked', expected))

  it('is written out above', () => {
    const written = new Set([...CELLS, ...ASKED].map(([input, { decision }]) => `${input} ${decision}`))
    const all = Object.keys(TABLE).flatMap((input) =>
      ['OPEN', 'CONFIRMED', 'CANCELLED'].map((d) => `${input} ${d}`),
    )
    expect([...written].sort()).toEqual(all.sort())
  })
})

describe('an open order in two phases', () => {
  const decideOpen = (name: Input['name'], given: Given = OPEN, kind: Input['kind'] = 'reported') => {
    const order: Order = { ...orderThat(given), mode: 'two_phase' }
    const verdict = decide(order, { kind, name })
    return { kind: verdict.kind, after: after(order, verdict) }
  }

  it.each([
    ['stock_reserved', { stock: 'held', pay: 'pending', status: 'RESERVED' }],
    ['stock_rejected', { stock: 'rejected', pay: 'pending', status: 'PLACED' }],
    ['payment_authorized', { stock: 'pending', pay: 'authorized', status: 'PLACED' }],
    ['payment_declined', { stock: 'pending', pay: 'declined', status: 'PLACED' }],
  ] as const)('takes %s as a flag and decides nothing', (input, expected) => {
    expect(decideOpen(input).after).toMatchObject({ decision: 'OPEN', ...expected })
  })

  it('leaves it to its deadline what becomes of a hold that takes too long', () => {
    expect(decideOpen('reservation_overdue').kind).toBe('ignore')
  })

  it.each([
    ['all_tried', { decision: 'CONFIRMED' }],
    ['try_unanswered', { decision: 'CANCELLED', reason: 'EXPIRED' }],
    ['customer_cancels', { decision: 'CANCELLED', reason: 'CUSTOMER' }],
    ['deadline_passed', { decision: 'CANCELLED', reason: 'EXPIRED' }],
  ] as const)('is decided by %s', (input, expected) => {
    expect(decideOpen(input, HELD, 'asked').after).toMatchObject(expected)
  })
})

describe('the status an order ends with', () => {
  it.each([
    ['OUT_OF_STOCK', 'REJECTED'],
    ['DECLINED', 'REJECTED'],
    ['CUSTOMER', 'CANCELLED'],
    ['EXPIRED', 'CANCELLED'],
    ['CAPTURE_FAILED', 'CANCELLED'],
    ['REFUND', 'REFUNDED'],
  ] as const)('after %s is %s', (reason, status) => {
    const { after: next } = outcomeOf(cancelled(reason, { stock: 'released' }), 'payment_voided')
    expect(next.status).toBe(status)
  })
})

describe('a settled order', () => {
  const settled: [string, Order][] = [
    [
      'COMPLETED',
      { ...orderThat({ decision: 'CONFIRMED', stock: 'committed', pay: 'captured' }), status: 'COMPLETED' },
    ],
    [
      'CANCELLED',
      { ...orderThat(cancelled('CUSTOMER', { stock: 'released', pay: 'voided' })), status: 'CANCELLED' },
    ],
    [
      'REJECTED',
      { ...orderThat(cancelled('DECLINED', { stock: 'released', pay: 'declined' })), status: 'REJECTED' },
    ],
    [
      'REFUNDED',
      { ...orderThat(cancelled('REFUND', { stock: 'restocked', pay: 'refunded' })), status: 'REFUNDED' },
    ],
  ]

  it.each(settled)('%s ignores whatever participants still report', (_status, order) => {
    const names = Object.keys(TABLE) as Input['name'][]
    expect(names.map((name) => decide(order, { kind: 'reported', name }).kind)).toEqual(
      names.map(() => 'ignore'),
    )
    expect(isSettled(order)).toBe(true)
  })

  it('is moved again by a refund of a COMPLETED order only', () => {
    const kinds = settled.map(
      ([, order]) => decide(order, { kind: 'asked', name: 'customer_wants_refund' }).kind,
    )
    expect(kinds).toEqual(['change', 'refuse', 'refuse', 'ignore'])
  })
})

describe('an order', () => {
  it('is the fold of its facts', () => {
    const facts = [
      { type: 'order.stock_changed.v1', data: { stock: 'held' } },
      { type: 'order.payment_changed.v1', data: { pay: 'authorized' } },
      { type: 'order.confirmed.v1', data: {} },
      { type: 'order.stock_changed.v1', data: { stock: 'committed' } },
      { type: 'order.payment_changed.v1', data: { pay: 'captured' } },
      { type: 'order.completed.v1', data: {} },
    ] as const
    expect(facts.reduce(evolve, placed)).toMatchObject({
      version: 7,
      decision: 'CONFIRMED',
      status: 'COMPLETED',
      stock: 'committed',
      pay: 'captured',
    })
  })

  it('waits for its customer when no card was given', () => {
    const { decision: _decision, ...rest } = placed
    expect(placedOrder({ ...rest, payment_token: null }, NOW).waits_for_customer).toBe(true)
    expect(placed.waits_for_customer).toBe(false)
  })
})
