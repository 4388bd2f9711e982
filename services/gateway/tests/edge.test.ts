import { readFile } from 'node:fs/promises'
import { connect as connectSocket } from 'node:net'
import { text } from 'node:stream/consumers'
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { checkOutCart, getCart } from '@lepton/contracts/cart-routes'
import { askService } from '@lepton/contracts/governance'
import { ROOM_HEADER } from '@lepton/contracts/order'
import { getOrder, getRoom, listOrders, placeOrder } from '@lepton/contracts/order-routes'
import { payOrder } from '@lepton/contracts/payment-routes'
import { receiveStock } from '@lepton/contracts/inventory-routes'
import type { Problem } from '@lepton/contracts/problems'
import { freshKey } from '@lepton/testing/builders'
import { problemAnswer } from '@lepton/testing/mesh'
import type { ShopAnswer, ShopClient } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { useGateway } from './gateway.ts'

const CUSTOMER = '01a1fea5-ba4b-71f4-85de-696148493360'
const OTHER = '01a1fea5-ba4b-71f4-85de-696148493361'
const LINES = { lines: [{ item_id: 'desk-lamp', quantity: 1 }] }
const { identity, mesh, startGateway, connect } = useGateway()
let origin: string
let shop: ShopClient
let bearer: Record<string, string>

beforeAll(async () => {
  origin = await startGateway()
  shop = connect(origin)
  bearer = { authorization: `Bearer ${await identity.customerToken(CUSTOMER)}` }
})

beforeEach(() => {
  mesh.requests.length = 0
  mesh.answer(listOrders, () => ({ status: 200, body: { items: [], next_cursor: null } }))
  mesh.answer(getCart, () => ({ status: 200, body: {} }))
  mesh.answer(placeOrder, () => ({ status: 202, body: { order_id: CUSTOMER, status: 'PLACED' } }))
})

/** Sends bytes as they are, and gives everything that comes back. */
async function raw(request: string): Promise<string> {
  const socket = connectSocket(Number(new URL(origin).port), '127.0.0.1')
  socket.write(request)
  return text(socket)
}

describe('a client that leaves before its answer', () => {
  it('ends what only reads', async () => {
    const { promise, resolve } = Promise.withResolvers<{ status: number }>()
    mesh.answer(listOrders, () => promise)
    const leaving = new AbortController()
    const asked = fetch(`${origin}/api/v1/orders`, { headers: bearer, signal: leaving.signal })
    await until('it is asked', () => mesh.requests.length === 1)

    leaving.abort()

    await expect(asked).rejects.toThrow()
    await until('the owner hears of it', () => mesh.requests[0]!.signal!.aborted)
    resolve({ status: 200 })
  })
})

describe('what a client says of our own processes', () => {
  it('is not believed: neither a deadline, nor an attempt, nor a prefix', async () => {
    const lies = { 'lepton-deadline-ms': '1', 'lepton-attempt': '7', 'lepton-fault': 'order', ...bearer }
    const answers: ShopAnswer[] = []
    for (let count = 0; count < 25; count++) {
      answers.push(await shop.ask('GET', '/api/v1/orders', { headers: lies }))
    }
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))

    const answer = await shop.ask<Problem>('GET', '/nothing', { headers: { 'x-forwarded-prefix': '/evil' } })
    expect(answer.body.instance).toBe('/nothing')
  })

  it('does not name another host in a problem', async () => {
    const answer = await raw(
      'GET http://evil.example/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    )
    expect(answer).toContain('"instance":"/nothing"')
  })

  it('is refused where it says two things', async () => {
    const answer = await raw('GET /products HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1.1 400/)
  })
})

describe('a path', () => {
  it.each([
    '/api/v1/orders/',
    '/API/v1/orders',
    '/api/v1/Orders',
    '//api/v1/orders',
    '/api/v1//orders',
    '/orders/',
  ])('has one spelling, which %s is not', async (path) => {
    const answer = await shop.ask('POST', path, { headers: bearer, key: freshKey(), body: LINES })

    expect(answer.status).toBe(404)
    expect(mesh.requests).toEqual([])
  })

  it.each(['/metrics', '/livez', '/readyz'])('%s is not for customers', async (path) => {
    expect((await shop.ask('GET', path)).status).toBe(404)
  })

  it('without parameters is not taken for one with them', async () => {
    const answer = await shop.ask('GET', '/api/v1/payments/webhook', { headers: bearer })

    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST'])
  })

  it('that answers GET answers HEAD, and says so', async () => {
    const answer = await shop.ask('PUT', '/api/v1/orders', { headers: bearer })

    expect(String(answer.headers.allow).split(', ').sort()).toEqual(['GET', 'HEAD', 'POST'])
  })
})

describe('an answer', () => {
  it('that is private is kept by no cache, and no page may load anything from it', async () => {
    const { headers } = await shop.ask('GET', '/api/v1/orders', { headers: bearer })

    expect(headers['cache-control']).toBe('no-store')
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['strict-transport-security']).toBeUndefined()
  })

  it('to a sign-in that is no JSON is 415', async () => {
    const headers = { 'content-type': 'text/plain' }
    const answer = await shop.ask('POST', '/api/v1/session/operator', { body: '{"secret":"x"}', headers })

    expect(answer.status).toBe(415)
  })
})

describe('behind a proxy', () => {
  const from = (address: string) => ({ 'x-forwarded-for': address, 'x-forwarded-proto': 'https' })

  it('that is trusted, each shopper has an address of his own and a cookie for TLS alone', async () => {
    const proxied = connect(await startGateway({ TRUST_PROXY: '1', SESSION_LIMIT_PER_MINUTE: '1' }))
    const begin = (address: string) => proxied.ask('POST', '/api/v1/session', { headers: from(address) })

    const [first, second] = [await begin('203.0.113.1'), await begin('203.0.113.2')]
    const third = await begin('203.0.113.1')

    expect([first.status, second.status, third.status]).toEqual([201, 201, 429])
    expect(String(first.headers['set-cookie'])).toMatch(/^__Host-lepton_session=.*; Secure$/)
    expect(first.headers['strict-transport-security']).toContain('max-age=')
  })

  it('that is not trusted, its headers say nothing', async () => {
    const strict = connect(await startGateway({ SESSION_LIMIT_PER_MINUTE: '1' }))
    const begin = (address: string) => strict.ask('POST', '/api/v1/session', { headers: from(address) })

    const [first, second] = [await begin('203.0.113.1'), await begin('203.0.113.2')]

    expect([first.status, second.status]).toEqual([201, 429])
    expect(String(first.headers['set-cookie'])).toMatch(/^lepton_session=/)
  })

  it('no request is the demo shopper’s or operator’s', async () => {
    mesh.answer(receiveStock, () => ({ status: 200, body: {} }))
    for (const headers of [
      { 'x-forwarded-for': '8.8.8.8' },
      { forwarded: 'for=8.8.8.8' },
      { via: '1.1 tunnel' },
    ]) {
      expect((await shop.ask('GET', '/cart', { headers })).status).toBe(401)
      const body = { product_id: 'desk-lamp', quantity: 1 }
      expect((await shop.ask('POST', '/stock', { headers, body })).status).toBe(401)
    }
  })

  it('at another name the cookie is for TLS alone', async () => {
    const answer = await shop.ask('POST', '/api/v1/session', { headers: { host: 'shop.example' } })

    expect(String(answer.headers['set-cookie'])).toMatch(/^__Host-lepton_session=.*; Secure$/)
  })
})

describe('one guest', () => {
  it('has so many requests in flight and no more, and costs no other guest a request', async () => {
    const few = connect(await startGateway({ SUBJECT_MAX_IN_FLIGHT: '5' }))
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    mesh.answer(listOrders, async () => {
      await gate
      return { status: 200, body: {} }
    })
    const refused: ShopAnswer[] = []
    const greedy = Array.from({ length: 30 }, async () => {
      const answer = await few.ask('GET', '/api/v1/orders', { headers: bearer })
      if (answer.status === 429) refused.push(answer)
      return answer
    })
    await until('25 are refused', () => refused.length === 25)

    const other = { authorization: `Bearer ${await identity.customerToken(OTHER)}` }
    expect((await few.ask('GET', '/api/v1/cart', { headers: other })).status).toBe(200)
    expect(refused[0]!.headers['retry-after']).toBe('1')
    open()
    const statuses = (await Promise.all(greedy)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(5)
    expect((await few.ask('GET', '/api/v1/orders', { headers: bearer })).status).toBe(200)
  })

  it('is counted at the short names as everywhere', async () => {
    mesh.answer(getOrder, () => problemAnswer('not-found'))
    const strict = connect(await startGateway({ RATE_LIMIT_PER_MINUTE: '2' }))
    const paths = ['/api/v1/orders', '/order/lunch', '/order/lunch', '/api/v1/orders']

    const statuses = []
    for (const path of paths) statuses.push((await strict.ask('GET', path, { headers: bearer })).status)

    expect(statuses).toEqual([200, 404, 429, 429])
  })
})

describe('the short names', () => {
  it.each([
    ['alike in their first 180 bytes', `${'lunch'.repeat(36)}-a`, `${'lunch'.repeat(36)}-b`],
    ['one of which looks like the other padded', 'abcdefghijk', 'abcdefghijk>'],
  ])('give two keys to two names %s', async (_what, one, other) => {
    mesh.answer(checkOutCart, () => ({ status: 202, body: { order_id: CUSTOMER, status: 'SUBMITTED' } }))

    for (const order_id of [one, other])
      await shop.ask('POST', '/order', { headers: bearer, body: { order_id } })

    const keys = mesh.requests.map(({ headers }) => headers!['idempotency-key'])
    expect(new Set(keys).size).toBe(2)
  })

  it('need a card outside development', async () => {
    mesh.answer(payOrder, () => ({ status: 202, body: {} }))
    const production = connect(await startGateway({ LEPTON_ENV: 'production' }))

    const answer = await production.ask<Problem>('POST', '/payment', {
      headers: bearer,
      body: { order_id: CUSTOMER },
    })

    expect(answer.status).toBe(400)
    expect(answer.body.errors?.[0]?.pointer).toBe('/payment_token')
    expect(mesh.requests).toEqual([])
  })

  it('name the path that was asked for in a problem', async () => {
    mesh.answer(payOrder, () => problemAnswer('payment-settled'))

    const answer = await shop.ask<Problem>('POST', '/payment', {
      headers: bearer,
      body: { order_id: CUSTOMER },
    })

    expect(answer.body.instance).toBe('/payment')
  })
})

describe('new orders, while their owner has too much to do', () => {
  const place = (client: ShopClient) =>
    client.ask<Problem>('POST', '/api/v1/orders', { headers: bearer, key: freshKey(), body: LINES })

  it('are refused before they are forwarded while it has no room, and nothing else is', async () => {
    const busy = connect(await startGateway())
    mesh.answer(placeOrder, () => ({
      status: 202,
      body: { order_id: CUSTOMER, status: 'PLACED' },
      headers: { 'content-type': 'application/json', [ROOM_HEADER]: '0' },
    }))
    mesh.answer(getRoom, () => ({ status: 200, body: { orders: 0 } }))
    const first = await place(busy)
    expect([first.status, first.headers[ROOM_HEADER]]).toEqual([202, undefined])

    const refused: ShopAnswer<Problem>[] = []
    for (let count = 0; count < 20; count++) refused.push(await place(busy))
    for (const { status, headers, body } of refused) {
      expect([status, headers['retry-after'], body.type]).toEqual([503, '1', '/problems/overloaded'])
    }
    const forwarded = mesh.requests.filter(({ operation }) => operation === placeOrder.operation)
    expect(forwarded).toHaveLength(1)
    expect((await busy.ask('GET', '/api/v1/orders', { headers: bearer })).status).toBe(200)

    mesh.answer(getRoom, () => ({ status: 200, body: { orders: null } }))
    await until('an order is taken again', async () => (await place(busy)).status === 202)
  })
})

describe('a foreign service', () => {
  it('is asked for by a name in the query, or in a body as the registry’s own example has it', async () => {
    mesh.answer(askService, () => ({ status: 200, body: { status: 'success' } }))
    const secret = identity.secrets.operatorSecretFile
    const operator = await shop.operator((await readFile(secret, 'utf8')).trim())
    const body = JSON.stringify({ service_name: 'billing' })
    const request = [
      'GET /api/v1/service HTTP/1.1',
      'host: localhost',
      `authorization: Bearer ${operator.token}`,
      'content-type: application/json',
      `content-length: ${body.length}`,
      'connection: close',
    ]

    expect(await raw(`${request.join('\r\n')}\r\n\r\n${body}`)).toContain('200 OK')
    expect(mesh.requests.at(-1)!.path).toBe('/service?service_name=billing')
  })
})
