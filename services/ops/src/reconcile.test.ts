import { describe, expect, it } from '@jest/globals'
import { compare, type Story } from './reconcile.ts'

const id = '01a1fea5-ba4b-71f4-85de-696148493360'
const other = '01a1fea5-ba4b-71f4-85de-696148493361'

function story(): { [K in keyof Story]: Story[K][number][] } {
  return {
    orders: [
      {
        order_id: id,
        status: 'COMPLETED',
        amount_minor: 700,
        units: { cup: 2 },
        is_settled: true,
        pub_seq: 3,
        last_inv_seq: 2,
        last_pay_seq: 2,
      },
    ],
    reservations: [
      { order_id: id, state: 'COMMITTED', committed: { cup: 2 }, pub_seq: 2, last_order_seq: 3 },
    ],
    payments: [
      {
        order_id: id,
        state: 'CAPTURED',
        captured_minor: 700,
        refunded_minor: 0,
        pub_seq: 2,
        last_order_seq: 3,
        last_inv_seq: 2,
      },
    ],
    charges: [
      {
        charge_id: 'c',
        merchant_reference: id,
        state: 'CAPTURED',
        amount_minor: 700,
        captures: 1,
        captured_minor: 700,
        refunded_minor: 0,
      },
    ],
    checkouts: [{ order_id: id, is_old: true }],
  }
}

type Breach = [invariant: string, what: string, (books: ReturnType<typeof story>) => unknown]

const BREACHES: Breach[] = [
  ['I3', 'a checkout has no order', (s) => s.checkouts.push({ order_id: other, is_old: true })],
  ['I5', 'two captures', (s) => (s.charges[0]!.captures = 2)],
  [
    'I5',
    'two authorisations',
    (s) => s.charges.push({ ...s.charges[0]!, charge_id: 'd', captures: 0, captured_minor: 0 }),
  ],
  ['I5', 'another amount', (s) => (s.charges[0]!.amount_minor = 701)],
  ['I5', 'an authorisation that is never voided', (s) => (s.charges[0]!.state = 'AUTHORIZED')],
  ['I6', 'nothing was paid', (s) => s.charges.splice(0)],
  ['I6', 'we booked what the processor did not', (s) => (s.payments[0]!.refunded_minor = 700)],
  ['I8', 'the stock disagrees', (s) => (s.reservations[0]!.state = 'RELEASED')],
  ['I8', 'the payment disagrees', (s) => (s.payments[0]!.state = 'VOIDED')],
  ['I8', 'other units were given', (s) => (s.reservations[0]!.committed = { cup: 1 })],
  [
    'I8',
    'a reservation has no order',
    (s) => s.reservations.push({ ...s.reservations[0]!, order_id: other }),
  ],
  [
    'I8',
    'a charge has no order',
    (s) => s.charges.push({ ...s.charges[0]!, charge_id: 'd', merchant_reference: other }),
  ],
  [
    'I8',
    'an authorisation has no order',
    (s) =>
      s.charges.push({
        ...s.charges[0]!,
        charge_id: 'd',
        merchant_reference: other,
        state: 'AUTHORIZED',
        captured_minor: 0,
      }),
  ],
  ['I11', 'a service is behind', (s) => (s.payments[0]!.last_inv_seq = 1)],
]

describe('a story', () => {
  it('that all services agree on has no violation', () => {
    expect(compare(story())).toEqual([])
  })

  it.each(BREACHES)('%s: %s', (invariant, _what, breach) => {
    const books = story()
    breach(books)
    expect(compare(books).map((violation) => violation.invariant)).toContain(invariant)
  })

  it('that is not at its end yet is let be, but no card is charged twice', () => {
    const books = story()
    books.orders[0]!.is_settled = false
    books.reservations = []
    expect(compare(books)).toEqual([])
    books.charges[0]!.captures = 2
    expect(compare(books)).toMatchObject([{ invariant: 'I5', order_id: id }])
  })

  it('of a rejected order may end with a refund: its authorisation was captured by hand', () => {
    const refunded = story()
    refunded.orders[0]!.status = 'REJECTED'
    Object.assign(refunded.reservations[0]!, { state: 'RELEASED', committed: {} })
    Object.assign(refunded.payments[0]!, { state: 'REFUNDED', refunded_minor: 700 })
    Object.assign(refunded.charges[0]!, { state: 'REFUNDED', refunded_minor: 700 })
    expect(compare(refunded)).toEqual([])
  })

  it('may end with a refund at the processor where a restored shop cancelled before it charged', () => {
    const unseen = story()
    unseen.orders[0]!.status = 'CANCELLED'
    Object.assign(unseen.reservations[0]!, { state: 'RELEASED', committed: {} })
    Object.assign(unseen.payments[0]!, { state: 'VOIDED', captured_minor: 0 })
    expect(compare(unseen).map(({ invariant }) => invariant)).toEqual(['I6', 'I6'])
    Object.assign(unseen.charges[0]!, { state: 'REFUNDED', refunded_minor: 700 })
    expect(compare(unseen)).toEqual([])
  })

  it('may end with a refund where a restored shop has forgotten the order', () => {
    const books = story()
    const charge = { ...books.charges[0]!, charge_id: 'd', merchant_reference: other }
    books.charges.push({ ...charge, state: 'REFUNDED', refunded_minor: 700 })
    expect(compare(books)).toEqual([])
  })

  it('that has just begun with a checkout is let be', () => {
    const books = story()
    books.checkouts.push({ order_id: other, is_old: false })
    expect(compare(books)).toEqual([])
  })
})
