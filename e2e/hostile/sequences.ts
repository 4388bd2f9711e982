import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { signWebhook } from '@lepton/common/http/webhook-signature'
import {
  checkOut,
  chargesOf,
  client,
  operator,
  pay,
  placeUnpaid,
  settled,
  target,
} from '../journeys/world.ts'
import type { Shopper } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { patiently } from './overload.ts'
import { bearer, faultsOf, send } from './attack.ts'
import { expiredToken } from './tokens.ts'
import { exchange } from './exchange.ts'

const ORDERS = '/api/v1/orders'
const LINES = [{ item_id: 'espresso-cups', quantity: 1 }]

interface Accepted {
  order_id: string
}

function unpaidOrder(shopper: Shopper): Promise<string> {
  return until('an order is accepted', () => placeUnpaid(shopper, 'espresso-cups'))
}

/** Findings that take more than one request to show. */
export function sequences(): void {
  it.concurrent('an order id in capitals is the same order, for every step (finding 4)', async () => {
    const shopper = await client.shopper()
    const [unpaid, other] = [await unpaidOrder(shopper), await unpaidOrder(shopper)]
    const fromCart = await patiently(() => checkOut(shopper, LINES))
    const capitals = (id: string) => id.toUpperCase()
    await settled(shopper, unpaid, ['RESERVED'])
    await settled(shopper, fromCart.body.order_id, ['COMPLETED'])

    const paid = await patiently(() => pay(shopper, capitals(unpaid)))
    const cancelled = await shopper.ask('POST', `${ORDERS}/${capitals(other)}/cancel`)
    const refunded = await shopper.ask('POST', `${ORDERS}/${capitals(fromCart.body.order_id)}/refund`)

    expect([paid.status, cancelled.status, refunded.status]).toEqual([202, 202, 202])
    await settled(shopper, unpaid, ['COMPLETED'])
  })

  it.concurrent('one key is one order, at once and in any spelling of the path (finding 13)', async () => {
    const shopper = await client.shopper()
    const key = randomUUID()
    const place = (path: string) =>
      patiently(() =>
        shopper.ask<Accepted>('POST', path, { key, body: { lines: LINES, payment_token: 'tok_approved' } }),
      )

    const answers = await Promise.all(Array.from({ length: 16 }, () => place(ORDERS)))
    const spelled = await Promise.all([`${ORDERS}/`, '//api/v1/orders', '/orders/'].map(place))
    const unprefixed = await place('/orders')

    const ids = new Set([...answers, unprefixed].map(({ body }) => body.order_id))
    expect([...answers, unprefixed].map(({ status }) => status)).toEqual(
      Array.from({ length: 17 }, () => 202),
    )
    expect(spelled.map(({ status }) => status)).toEqual([404, 404, 404])
    expect(ids.size).toBe(1)
    const [orderId] = [...ids]
    await settled(shopper, orderId!, ['COMPLETED'])
    expect(await chargesOf(orderId!)).toHaveLength(1)
    const { body } = await shopper.ask<{ items: unknown[] }>('GET', ORDERS)
    expect(body.items).toHaveLength(1)
  })

  it.concurrent('a key has one form', async () => {
    const { token } = await client.shopper()
    const keys = ['short', 'k'.repeat(256), `${'k'.repeat(15)} x`, 'ключ-ключ-ключ-к', '', ' '.repeat(20)]
    expect(
      await faultsOf(
        keys.map((key) => ({
          what: `the key "${key.slice(0, 20)}"`,
          method: 'POST',
          path: ORDERS,
          headers: { ...bearer(token), 'idempotency-key': Buffer.from(key).toString('latin1') },
          body: { lines: LINES },
          status: 400,
        })),
      ),
    ).toEqual([])
  })

  it.concurrent('two names are two orders, however alike (finding 15)', async () => {
    const shopper = await client.shopper()
    const names = [
      `${'n'.repeat(180)}a`,
      `${'n'.repeat(180)}b`,
      'abcdefghijk',
      'abcdefghijk>',
      'abcdefghijk-',
    ]
    const ids = new Set<string>()
    for (const order_id of names) {
      await shopper.ask('POST', '/cart', { body: LINES[0] })
      const answer = await patiently(() => shopper.ask<Accepted>('POST', '/order', { body: { order_id } }))
      expect([order_id, answer.status]).toEqual([order_id, 202])
      ids.add(answer.body.order_id)
    }
    expect(ids.size).toBe(names.length)
    for (const id of ids) await shopper.ask('POST', `${ORDERS}/${id}/cancel`)
  })

  it.concurrent('what was seen is what is ordered', async () => {
    const shopper = await client.shopper()
    const { body: seen } = await shopper.ask<{ version: number; amount_minor: number }>('POST', '/cart', {
      body: LINES[0],
    })
    await shopper.ask('POST', '/cart', { body: { item_id: 'desk-lamp', quantity: 1 } })
    const checkout = (body: object) =>
      shopper.ask('POST', '/api/v1/cart/checkout', {
        key: randomUUID(),
        body: { payment_token: 'tok_approved', ...body },
      })

    const answers = [
      await checkout({ cart_version: seen.version }),
      await checkout({ amount_minor: seen.amount_minor }),
      await checkout({ amount_minor: 1 }),
    ]

    expect(answers.map(({ status }) => status)).toEqual([409, 409, 409])
    expect((await shopper.ask<{ items: unknown[] }>('GET', ORDERS)).body.items).toEqual([])
  })

  it.concurrent(
    'a session is renewed while it lasts, and is over when it is ended (finding 14)',
    async () => {
      const { headers, body } = await send({ method: 'POST', path: '/api/v1/session' })
      const cookie = String(headers['set-cookie']).split(';')[0]!
      const { token, customer_id } = JSON.parse(body) as { token: string; customer_id: string }
      const expired = await expiredToken(customer_id)

      if (expired !== undefined) {
        const refused = await send({ method: 'GET', path: ORDERS, headers: bearer(expired) })
        const renewed = await send({ method: 'POST', path: '/api/v1/session', headers: bearer(expired) })
        expect([refused.status, renewed.status]).toEqual([401, 201])
        expect(JSON.parse(renewed.body)).toMatchObject({ customer_id })
      }
      expect((await send({ method: 'GET', path: ORDERS, headers: { cookie } })).status).toBe(200)
      // Without an Origin a change by cookie has no customer, and a foreign one is refused.
      for (const origin of [{}, { origin: 'http://evil.example' }]) {
        const answer = await send({
          method: 'POST',
          path: '/api/v1/cart',
          headers: { cookie, ...origin },
          body: LINES[0],
        })
        expect(answer.status).toBe(403)
      }
      expect((await send({ method: 'DELETE', path: '/api/v1/session', headers: { cookie } })).status).toBe(
        204,
      )
      for (const one of [{ cookie }, bearer(token)]) {
        expect((await send({ method: 'GET', path: ORDERS, headers: one })).status).toBe(401)
      }
    },
  )

  it.concurrent('a webhook counts if the processor signed it, now (public reports)', async () => {
    const shopper = await client.shopper()
    const orderId = await unpaidOrder(shopper)
    await settled(shopper, orderId, ['RESERVED'])
    const body = JSON.stringify({
      event_id: randomUUID(),
      type: 'charge.authorized',
      merchant_reference: orderId,
      charge_id: randomUUID(),
      created_at: new Date().toISOString(),
    })
    const secret = target.inside?.pspSecret ?? 'unknown'
    const now = Date.now()
    const genuine = signWebhook([secret], body, now)
    const signatures: [what: string, signature: string | undefined, sent: string][] = [
      ['unsigned', undefined, body],
      ['with an empty signature', '', body],
      ['with another secret', signWebhook(['another'], body, now), body],
      ['with an empty secret', signWebhook([''], body, now), body],
      ['301 s old', signWebhook([secret], body, now - 301_000), body],
      ['from the future', signWebhook([secret], body, now + 360_000), body],
      ['with another body', genuine, body.replace('authorized', 'captured')],
      ['with another time', genuine.replace(/t=\d+/, `t=${Math.floor(now / 1_000) - 1}`), body],
      ['with two times', `t=1,${genuine}`, body],
      ['of another scheme', genuine.replace('v1=', 'v0='), body],
      ['cut', genuine.slice(0, -2), body],
    ]

    const faults = await faultsOf(
      signatures.map(([what, signature, sent]) => ({
        what: `a webhook ${what}`,
        finding: '18',
        method: 'POST',
        path: '/api/v1/payments/webhook',
        ...(signature !== undefined && { headers: { 'webhook-signature': signature } }),
        body: sent,
        status: 401,
        fault: ({ headers }) =>
          headers['www-authenticate'] === undefined && 'does not say how to get a token',
      })),
    )
    expect(faults).toEqual([])
    if (target.inside !== undefined) {
      const replays = await Promise.all(
        [1, 2, 3].map(() =>
          send({
            method: 'POST',
            path: '/api/v1/payments/webhook',
            headers: { 'webhook-signature': genuine },
            body,
          }),
        ),
      )
      expect(replays.map(({ status }) => status)).toEqual([204, 204, 204])
    }
    // Even a signed one is a hint only: the processor is asked, and knows of no charge.
    expect((await shopper.order(orderId)).status).toBe('RESERVED')
    expect(await chargesOf(orderId)).toEqual([])
    await shopper.ask('POST', `${ORDERS}/${orderId}/cancel`)
  })

  it.concurrent('two receipts with one name are one delivery, or a refusal', async () => {
    const receipt_id = randomUUID()
    const receive = (quantity: number) =>
      operator.ask('POST', '/api/v1/stock', { body: { product_id: 'desk-mat', quantity, receipt_id } })
    const answers = await Promise.all([receive(1), receive(1), receive(2)])
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b)
    // Whichever quantity came first is booked; the other one is refused.
    expect([
      [200, 200, 409],
      [200, 409, 409],
    ]).toContainEqual(statuses)
  })

  it.concurrent('a slow body ends with its time, and costs no one else (finding 17)', async () => {
    const startedAt = performance.now()
    const slow = exchange(
      target.gateway,
      'POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{',
      {
        timeoutMs: 25_000,
      },
    )
    expect((await client.ask('GET', '/api/v1/products?limit=1')).status).toBe(200)
    await slow
    expect(performance.now() - startedAt).toBeLessThan(25_000)
  })
}
