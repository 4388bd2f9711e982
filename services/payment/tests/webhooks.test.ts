import { describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { signWebhook } from '@lepton/common/http/webhook-signature'
import { StockReserved } from '@lepton/contracts/inventory'
import { OrderCancelled, OrderConfirmed, OrderPlaced } from '@lepton/contracts/order'
import type { Problem } from '@lepton/contracts/problems'
import type { ChargeWebhook } from '@lepton/contracts/psp'
import { eventRecord, placement } from '@lepton/testing/builders'
import { until } from '@lepton/testing/until'
import { OLD_WEBHOOK_SECRET, usePaymentService, WEBHOOK_SECRET } from './payment-service.ts'

const shop = usePaymentService()

function webhook(order_id: string, rest: Partial<ChargeWebhook> = {}): ChargeWebhook {
  const event = { event_id: newId(), type: 'charge.authorized' as const, charge_id: newId() }
  return { ...event, merchant_reference: order_id, created_at: new Date().toISOString(), ...rest }
}

function post(body: object, { secret = WEBHOOK_SECRET, atMs = Date.now(), sign = true } = {}) {
  const text = JSON.stringify(body)
  const headers = sign ? { 'webhook-signature': signWebhook([secret], text, atMs) } : {}
  return shop.people.anyone().post<Problem>('/payments/webhook', text, {
    headers: { 'content-type': 'application/json', ...headers },
  })
}

/** An order whose authorisation the processor has booked, but not answered. */
async function unanswered(): Promise<string> {
  const id = newId()
  shop.psp.next('AUTH', 'hold after it was done')
  await shop.broker.send([eventRecord(OrderPlaced, id, 1, placement(id, { amount_minor: 2_500 }))])
  await shop.broker.send([eventRecord(StockReserved, id, 1, { order_id: id })])
  await until('it is booked', () => shop.psp.done.some(({ order_id }) => order_id === id))
  return id
}

async function captured(): Promise<string> {
  const id = newId()
  await shop.broker.send([eventRecord(OrderPlaced, id, 1, placement(id))])
  await shop.broker.send([eventRecord(StockReserved, id, 1, { order_id: id })])
  await shop.settle()
  await shop.broker.send([eventRecord(OrderConfirmed, id, 2, { order_id: id, mode: 'saga' })])
  await shop.settle()
  return id
}

/** An order whose charge was captured, with its refund in flight. */
async function refunding(): Promise<string> {
  const id = await captured()
  shop.psp.next('REFUND', 'hold')
  await shop.broker.send([
    eventRecord(OrderCancelled, id, 3, { order_id: id, mode: 'saga', reason: 'REFUND' }),
  ])
  await until('the refund is in flight', () =>
    shop.psp.asked.some(({ order_id, op }) => order_id === id && op === 'REFUND'),
  )
  return id
}

async function notedOf(id: string): Promise<unknown[]> {
  const { rows } = await shop.database.query('select type from webhook_inbox where order_id = $1', [id])
  return rows
}

const INVALID = { status: 401, body: { type: '/problems/signature-invalid' } }

describe('a webhook', () => {
  it('is a hint: the processor is asked at once, and its late answer changes nothing', async () => {
    const id = await unanswered()
    expect(await shop.stateOf(id)).toBe('AUTHORIZING')

    expect((await post(webhook(id))).status).toBe(204)

    expect(await shop.stateOf(id)).toBe('AUTHORIZED')
    shop.psp.release()
    await shop.settle()
    expect(await shop.ledgerOf(id)).toEqual([{ kind: 'AUTH', amount_minor: 2_500 }])
  })

  it('of a refund made by hand does not settle the refund of the shop that is in flight', async () => {
    const id = await refunding()
    shop.psp.move(id, 'REFUNDED')

    expect((await post(webhook(id, { type: 'charge.refunded' }))).status).toBe(204)

    expect(await shop.stateOf(id)).toBe('REFUNDING')
    shop.psp.release()
    await shop.settle()
    expect(await shop.stateOf(id)).toBe('REFUNDED')
    expect((await shop.booksOf(id)).at(-1)).toBe('REFUND ELSEWHERE')
  })

  it('is not believed: what it claims is asked for', async () => {
    const id = newId()
    await shop.broker.send([eventRecord(OrderPlaced, id, 1, placement(id))])
    await shop.settle()

    expect((await post(webhook(id, { type: 'charge.captured' }))).status).toBe(204)

    expect(await shop.stateOf(id)).toBe('INTENT')
  })

  it('that comes again is taken and does nothing', async () => {
    const id = await unanswered()
    const event = webhook(id)

    expect([(await post(event)).status, (await post(event)).status]).toEqual([204, 204])

    shop.psp.release()
    await shop.settle()
    expect(await notedOf(id)).toEqual([{ type: 'charge.authorized' }])
    expect(await shop.ledgerOf(id)).toHaveLength(1)
  })

  it('that repeats what its own instance was answered is not noted, nor is the processor asked', async () => {
    const id = await refunding()

    expect((await post(webhook(id, { type: 'charge.captured' }))).status).toBe(204)
    expect(await notedOf(id)).toEqual([])
    expect((await post(webhook(id, { type: 'charge.refunded' }))).status).toBe(204)
    expect(await notedOf(id)).toEqual([{ type: 'charge.refunded' }])
    shop.psp.release()
    await shop.settle()
  })

  it('about an unknown order is taken, so that it does not come again', async () => {
    const id = newId()
    expect((await post(webhook(id))).status).toBe(204)
    expect(await shop.stateOf(id)).toBeUndefined()
  })

  it.each([
    ['forged', { secret: 'a guess' }],
    ['not signed', { sign: false }],
    ['stale', { atMs: Date.now() - 600_000 }],
    ['from the future', { atMs: Date.now() + 600_000 }],
  ])('that is %s is refused, and nothing is noted', async (_name, how) => {
    const id = await unanswered()

    expect(await post(webhook(id), how)).toMatchObject(INVALID)

    expect(await shop.stateOf(id)).toBe('AUTHORIZING')
    expect(await notedOf(id)).toEqual([])
    shop.psp.release()
    await shop.settle()
  })

  it('whose body was changed on its way is refused', async () => {
    const text = JSON.stringify(webhook(newId()))
    const headers = {
      'content-type': 'application/json',
      'webhook-signature': signWebhook([WEBHOOK_SECRET], text, Date.now()),
    }
    const changed = text.replace('charge.authorized', 'charge.refunded')

    expect(await shop.people.anyone().post('/payments/webhook', changed, { headers })).toMatchObject(INVALID)
  })

  it('is taken under the old secret and the new one, and with a signature of each', async () => {
    const text = JSON.stringify(webhook(newId()))
    for (const secrets of [[OLD_WEBHOOK_SECRET], ['next one', OLD_WEBHOOK_SECRET], [WEBHOOK_SECRET]]) {
      const headers = {
        'content-type': 'application/json',
        'webhook-signature': signWebhook(secrets, text, Date.now()),
      }
      expect((await shop.people.anyone().post('/payments/webhook', text, { headers })).status).toBe(204)
    }
  })

  it('may name more than we know: another field, another type of event', async () => {
    const id = await unanswered()

    const answer = await post({ ...webhook(id, { type: 'charge.disputed' }), added_later: { by: 'them' } })

    expect(answer.status).toBe(204)
    expect(await shop.stateOf(id)).toBe('AUTHORIZED')
    shop.psp.release()
    await shop.settle()
  })

  it('may hold 64 KiB', async () => {
    expect((await post({ ...webhook(newId()), padding: 'x'.repeat(70_000) })).status).toBe(413)
  })

  it('that is signed but not as its schema says is refused', async () => {
    expect(await post({ event_id: 'x' })).toMatchObject({
      status: 400,
      body: { type: '/problems/invalid-request' },
    })
  })
})
