import { describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { StockReserved } from '@lepton/contracts/inventory'
import { OrderCancelled, OrderConfirmed, OrderPlaced } from '@lepton/contracts/order'
import type { Problem } from '@lepton/contracts/problems'
import { eventRecord, eventsOf, freshKey, placement } from '@lepton/testing/builders'
import { until } from '@lepton/testing/until'
import { cards, usePaymentService } from './payment-service.ts'

const shop = usePaymentService()
const customer_id = newId()
const intent = { customer_id, amount_minor: 2_500, currency: 'EUR', payment_token: 'tok_approved' }

async function ask(
  phase: 'try' | 'confirm' | 'cancel',
  id: string,
  headers: Record<string, string> = {},
  payment_token = cards.seal('tok_approved', id),
) {
  const order = await shop.people.peer('order', `${phase}_payment`)
  return order.put<{ state: string } & Problem>(
    `/branches/payment/${id}/${phase}`,
    phase === 'try' ? { ...intent, payment_token } : undefined,
    { headers },
  )
}

async function toldTypes(id: string): Promise<string[]> {
  await shop.settle()
  return eventsOf(shop.broker.records('payment.v1'), id).map(({ type }) => type)
}

const done = (id: string) => shop.psp.done.filter(({ order_id }) => order_id === id).map(({ op }) => op)
const is = (state: string) => ({ status: 200, body: { state } })
const SETTLED = { status: 409, body: { type: '/problems/branch-settled' } }
const confirmed = (id: string, sequence = 1) =>
  eventRecord(OrderConfirmed, id, sequence, { order_id: id, mode: 'two_phase' })
const cancelled = (id: string, sequence = 1) =>
  eventRecord(OrderCancelled, id, sequence, { order_id: id, mode: 'two_phase', reason: 'EXPIRED' })

async function send(record: ReturnType<typeof confirmed>): Promise<void> {
  await shop.broker.send([record])
  await shop.settle()
}

describe('a try', () => {
  it('takes no card that was sealed for another order', async () => {
    const id = newId()
    const stolen = cards.seal('tok_approved', newId())

    expect(await ask('try', id, {}, stolen)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/payment_token' }] },
    })
    expect(done(id)).toEqual([])
  })

  it('answers when the processor did, and asks it once', async () => {
    const id = newId()

    expect(await ask('try', id)).toMatchObject(is('AUTHORIZED'))
    expect(await ask('try', id)).toMatchObject(is('AUTHORIZED'))

    expect(done(id)).toEqual(['AUTH'])
    expect(await toldTypes(id)).toEqual(['payment.authorized.v1'])
    expect(await shop.ledgerOf(id)).toEqual([{ kind: 'AUTH', amount_minor: 2_500 }])
  })

  it('that the processor declines says so, and leaves nothing to undo', async () => {
    const id = newId()
    shop.psp.next('AUTH', 'refuse')

    expect(await ask('try', id)).toMatchObject(is('DECLINED'))
    expect(await ask('cancel', id)).toMatchObject(is('DECLINED'))

    expect(done(id)).toEqual([])
    expect(await toldTypes(id)).toEqual(['payment.declined.v1'])
  })

  it('answers AUTHORIZING while the processor is silent: no fault of ours; its cancellation voids what was authorised since', async () => {
    const id = newId()
    shop.psp.next('AUTH', 'hold')

    const tried = await ask('try', id, { 'lepton-deadline-ms': '150' })
    const answer = await ask('cancel', id)
    shop.psp.release()
    await until('the money is free again', async () => (await shop.stateOf(id)) === 'VOIDED')

    expect(tried).toMatchObject(is('AUTHORIZING'))
    expect(answer).toMatchObject(is('AUTHORIZING'))
    expect(done(id)).toEqual(['AUTH', 'VOID'])
    expect(await toldTypes(id)).toEqual(['payment.voided.v1'])
  })

  it('does not look slow to the mesh when a card is', async () => {
    const id = newId()
    shop.psp.next('AUTH', 'hold')
    const deadlineMs = 2_000
    const startedAt = performance.now()

    expect(await ask('try', id, { 'lepton-deadline-ms': String(deadlineMs) })).toMatchObject(
      is('AUTHORIZING'),
    )

    expect(performance.now() - startedAt).toBeLessThan(deadlineMs * 0.8)
    shop.psp.release()
  })

  it('is carried out also when its coordinator has stopped listening', async () => {
    const id = newId()
    shop.psp.next('AUTH', 'hold')
    const overAt = performance.now() + 150

    expect(await ask('try', id, { 'lepton-deadline-ms': '150' })).toMatchObject(is('AUTHORIZING'))
    await until('the time of the request is over', () => performance.now() > overAt)
    shop.psp.release()

    await until('the money is reserved', async () => (await shop.stateOf(id)) === 'AUTHORIZED')
  })

  it('asked again while the processor is at work waits for the same answer', async () => {
    const id = newId()
    shop.psp.next('AUTH', 'hold')

    const answers = [ask('try', id), ask('try', id)]
    await until('the processor was asked', () => shop.psp.asked.some(({ order_id }) => order_id === id))
    shop.psp.release()

    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject(is('AUTHORIZED'))
    expect(done(id)).toEqual(['AUTH'])
  })

  it('waits for its coordinator: neither the order nor its stock begin an authorisation', async () => {
    const id = newId()

    await send(eventRecord(OrderPlaced, id, 1, placement(id, { mode: 'two_phase', amount_minor: 2_500 })))
    await send(eventRecord(StockReserved, id, 1, { order_id: id }))
    expect(done(id)).toEqual([])

    expect(await ask('try', id)).toMatchObject(is('AUTHORIZED'))
    await send(confirmed(id, 2))
    expect(done(id)).toEqual(['AUTH', 'CAPTURE'])
  })

  it('is the only card of its order', async () => {
    const id = newId()
    await ask('try', id)

    const alice = await shop.people.customer(customer_id)
    const answer = await alice.post(
      '/payments',
      { order_id: id, payment_token: 'tok_other' },
      { key: freshKey() },
    )

    expect(answer).toMatchObject({ status: 409, body: { type: '/problems/payment-settled' } })
  })
})

describe('a try that comes after its cancellation', () => {
  it('is refused, again and again, and asks the processor nothing', async () => {
    const id = newId()

    expect(await ask('cancel', id)).toMatchObject(is('VOIDED'))
    expect(await ask('try', id)).toMatchObject(SETTLED)
    expect(await ask('try', id)).toMatchObject(SETTLED)
    expect(await ask('cancel', id)).toMatchObject(is('VOIDED'))

    expect(await toldTypes(id)).toEqual(['payment.voided.v1'])
    expect(done(id)).toEqual([])
  })

  it('is refused also when the cancellation was an event', async () => {
    const id = newId()

    await send(cancelled(id))
    expect(await ask('try', id)).toMatchObject(SETTLED)
    expect(await ask('cancel', id)).toMatchObject(is('VOIDED'))

    expect(done(id)).toEqual([])
    expect(await toldTypes(id)).toEqual(['payment.voided.v1'])
  })
})

describe('a decision', () => {
  it('to confirm captures once, however often it comes, as a request or as an event', async () => {
    const [first, second] = [newId(), newId()]
    for (const id of [first, second]) await ask('try', id)

    expect((await ask('confirm', first)).status).toBe(200)
    expect((await ask('confirm', first)).status).toBe(200)
    await send(confirmed(first))
    await send(confirmed(second))
    expect((await ask('confirm', second)).status).toBe(200)

    for (const id of [first, second]) {
      expect(await toldTypes(id)).toEqual(['payment.authorized.v1', 'payment.captured.v1'])
      expect(done(id)).toEqual(['AUTH', 'CAPTURE'])
    }
  })

  it('to cancel voids once, and then the event finds it done', async () => {
    const id = newId()
    await ask('try', id)

    for (const _repeat of [1, 2]) expect((await ask('cancel', id)).status).toBe(200)
    await send(cancelled(id))

    expect(done(id)).toEqual(['AUTH', 'VOID'])
    expect(await toldTypes(id)).toEqual(['payment.authorized.v1', 'payment.voided.v1'])
  })

  it.each([
    ['to confirm what was not tried', [], 'confirm'],
    ['to confirm what was cancelled', ['try', 'cancel'], 'confirm'],
    ['to cancel what was confirmed', ['try', 'confirm'], 'cancel'],
  ] as const)('%s is refused, moves no money and is counted', async (_name, before, phase) => {
    const id = newId()
    for (const step of before) await ask(step, id)
    await shop.settle()
    const [moved, anomalies] = [done(id), shop.anomalies()]

    expect(await ask(phase, id)).toMatchObject(SETTLED)

    await shop.settle()
    expect(done(id)).toEqual(moved)
    expect(shop.anomalies()).toBe(anomalies + 1)
  })
})
