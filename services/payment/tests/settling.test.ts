import { describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { StockReserved } from '@lepton/contracts/inventory'
import { OrderCancelled, OrderConfirmed, OrderPlaced } from '@lepton/contracts/order'
import type { ChargeState } from '@lepton/contracts/psp'
import { eventRecord, eventsOf, placement } from '@lepton/testing/builders'
import { until } from '@lepton/testing/until'
import { RETRY_AFTER_MS } from './fake-psp.ts'
import { usePaymentService } from './payment-service.ts'

const shop = usePaymentService()
const OPERATIONS = ['AUTH', 'CAPTURE', 'VOID', 'REFUND'] as const
type Operation = (typeof OPERATIONS)[number]

const cancelled = (id: string, sequence: number) =>
  eventRecord(OrderCancelled, id, sequence, { order_id: id, mode: 'saga', reason: 'CUSTOMER' })
const confirmed = (id: string) => eventRecord(OrderConfirmed, id, 2, { order_id: id, mode: 'saga' })

async function send(...records: ReturnType<typeof confirmed>[]): Promise<void> {
  for (const record of records) {
    await shop.broker.send([record])
    await shop.settle()
  }
}

async function authorized(customer_id = newId()): Promise<string> {
  const id = newId()
  await send(eventRecord(OrderPlaced, id, 1, placement(id, { customer_id, amount_minor: 2_500 })))
  await send(eventRecord(StockReserved, id, 1, { order_id: id }))
  return id
}

/** Runs an order until the processor has carried out the operation. */
const REACH: Record<Operation, () => Promise<string>> = {
  AUTH: authorized,
  CAPTURE: async () => {
    const id = await authorized()
    await send(confirmed(id))
    return id
  },
  VOID: async () => {
    const id = await authorized()
    await send(cancelled(id, 2))
    return id
  },
  REFUND: async () => {
    const id = await authorized()
    await send(confirmed(id), cancelled(id, 3))
    return id
  },
}

const keysOf = (id: string, op: Operation) =>
  shop.psp.asked.filter((asked) => asked.order_id === id && asked.op === op).map(({ psp_key }) => psp_key)
const done = (id: string) => shop.psp.done.filter(({ order_id }) => order_id === id).map(({ op }) => op)
const published = (id: string) =>
  eventsOf(shop.broker.records('payment.v1'), id).map(({ type }) => type.split('.')[1])
const END = { AUTH: 'AUTHORIZED', CAPTURE: 'CAPTURED', VOID: 'VOIDED', REFUND: 'REFUNDED' }

describe('an answer that decides nothing', () => {
  it.each(OPERATIONS)('to %s is asked for again with the same key, as late as it says', async (op) => {
    shop.psp.next(op, 'limit')
    const before = performance.now()

    const id = await REACH[op]()

    expect(performance.now() - before).toBeGreaterThan(RETRY_AFTER_MS)
    expect(await shop.stateOf(id)).toBe(END[op])
    expect(keysOf(id, op)).toHaveLength(2)
    expect(new Set(keysOf(id, op)).size).toBe(1)
  })

  it.each(OPERATIONS)('to %s after it was booked is looked up: it is done once', async (op) => {
    shop.psp.next(op, 'fail after it was done')

    const id = await REACH[op]()

    expect(await shop.stateOf(id)).toBe(END[op])
    expect(done(id).filter((one) => one === op)).toHaveLength(1)
    expect((await shop.booksOf(id)).at(-1)).toBe(`${op} SHOP`)
  })

  it.each(OPERATIONS)('to %s is not asked for again before the look-up is answered', async (op) => {
    shop.psp.next(op, 'fail after it was done')
    shop.psp.failFinds(2)

    const id = await REACH[op]()

    expect(await shop.stateOf(id)).toBe(END[op])
    expect(keysOf(id, op)).toHaveLength(1)
  })
})

describe('a definite refusal', () => {
  it.each(['VOID', 'REFUND'] as const)('of a %s is answered with a new key, each time', async (op) => {
    shop.psp.next(op, 'refuse', 'refuse')

    const id = await REACH[op]()

    expect(await shop.stateOf(id)).toBe(END[op])
    expect(new Set(keysOf(id, op)).size).toBe(3)
    expect(done(id).filter((one) => one === op)).toHaveLength(1)
    expect((await shop.booksOf(id)).at(-1)).toBe(`${op} SHOP`)
  })

  it('keeps the new key while its own outcome is unknown', async () => {
    shop.psp.next('REFUND', 'refuse', 'fail', 'fail')

    const id = await REACH.REFUND()

    const [first, ...later] = keysOf(id, 'REFUND')
    expect(later).toHaveLength(3)
    expect(new Set(later).size).toBe(1)
    expect(later).not.toContain(first)
  })
})

describe('a charge that was moved at the processor', () => {
  const moves: [what: string, state: ChargeState, end: string, event: string, books: string[]][] = [
    ['confirmed', 'VOIDED', 'VOIDED', 'voided', ['VOID ELSEWHERE']],
    ['confirmed', 'EXPIRED', 'VOIDED', 'voided', []],
    ['confirmed', 'REFUNDED', 'REFUNDED', 'refunded', ['CAPTURE ELSEWHERE', 'REFUND ELSEWHERE']],
    ['cancelled', 'VOIDED', 'VOIDED', 'voided', ['VOID ELSEWHERE']],
    ['cancelled', 'EXPIRED', 'VOIDED', 'voided', []],
    ['cancelled', 'CAPTURED', 'REFUNDED', 'refunded', ['CAPTURE ELSEWHERE', 'REFUND SHOP']],
    ['cancelled', 'REFUNDED', 'REFUNDED', 'refunded', ['CAPTURE ELSEWHERE', 'REFUND ELSEWHERE']],
  ]
  it.each(moves)('of an order that is then %s: was %s, ends %s', async (what, state, end, event, books) => {
    const id = await authorized()
    shop.psp.move(id, state)

    if (what === 'confirmed') await send(confirmed(id), cancelled(id, 3))
    else await send(cancelled(id, 2))

    expect(await shop.stateOf(id)).toBe(end)
    expect(published(id)).toEqual(['authorized', ...(what === 'confirmed' ? ['capture_failed'] : []), event])
    expect(await shop.booksOf(id)).toEqual(['AUTH SHOP', ...books])
  })

  it('is followed back and forth, until the money is back', async () => {
    const id = await authorized()
    await send(confirmed(id))
    shop.psp.move(id, 'AUTHORIZED')
    shop.psp.next('VOID', 'hold')
    await shop.broker.send([cancelled(id, 3)])
    await until('it is to be voided', () => keysOf(id, 'VOID').length === 1)
    shop.psp.move(id, 'CAPTURED')
    shop.psp.release()
    await shop.settle()

    expect(await shop.stateOf(id)).toBe('REFUNDED')
    expect(done(id)).toEqual(['AUTH', 'CAPTURE', 'REFUND'])
    expect(new Set(keysOf(id, 'REFUND')).size).toBe(2)
    expect(await shop.booksOf(id)).toEqual(['AUTH SHOP', 'CAPTURE SHOP', 'REFUND SHOP'])
  })

  it('captured is a capture', async () => {
    const id = await authorized()
    shop.psp.move(id, 'CAPTURED')

    await send(confirmed(id))

    expect(await shop.stateOf(id)).toBe('CAPTURED')
    expect(await shop.booksOf(id)).toEqual(['AUTH SHOP', 'CAPTURE ELSEWHERE'])
  })

  it.each([
    ['REFUNDED', 'REFUNDED', ['REFUND ELSEWHERE']],
    ['VOIDED', 'REFUNDED', ['REFUND ELSEWHERE']],
    ['AUTHORIZED', 'VOIDED', ['VOID SHOP']],
  ] as const)('before its refund to %s ends %s, and its customer sees why', async (state, end, books) => {
    const alice = await shop.people.customer()
    const id = await authorized(alice.id)
    await send(confirmed(id))
    shop.psp.move(id, state)

    await send(cancelled(id, 3))

    expect(await shop.booksOf(id)).toEqual(['AUTH SHOP', 'CAPTURE SHOP', ...books])
    expect(await alice.get(`/payments/${id}`)).toMatchObject({
      body: {
        state: end,
        note: expect.stringContaining('at the card processor'),
        captured_minor: 2_500,
        refunded_minor: end === 'REFUNDED' ? 2_500 : 0,
      },
    })
  })

  it('is seen as made by hand also where the look-up after the refusal had no answer at first', async () => {
    const id = await authorized()
    await send(confirmed(id))
    shop.psp.move(id, 'REFUNDED')
    shop.psp.failFinds(1)

    await send(cancelled(id, 3))

    expect(await shop.stateOf(id)).toBe('REFUNDED')
    expect(await shop.booksOf(id)).toEqual(['AUTH SHOP', 'CAPTURE SHOP', 'REFUND ELSEWHERE'])
  })
})
