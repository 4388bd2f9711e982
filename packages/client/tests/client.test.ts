import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { createClient, ShopError } from '../src/client.ts'
import { json, problem, startStub } from './shop-stub.ts'

const CART = { cart_id: null, version: 1, lines: [], amount_minor: 0, currency: 'EUR' }
const RETRY = { firstDelayMs: 1, maxDelayMs: 50 }
let stub: Awaited<ReturnType<typeof startStub>>
const tokens = (names: string[]) => (res: Parameters<ReturnType<typeof json>>[0]) =>
  json(201, { token: names.shift() })(res)
const connect = () => createClient({ url: stub.url, retry: RETRY })

afterEach(() => stub.close())

describe('a change', () => {
  it('is sent again under one key when its answer is lost, or the shop is not there for a moment', async () => {
    stub = await startStub({
      'POST /session': tokens(['first']),
      'POST /cart': (res, _received, count) => {
        if (count === 1) res.destroy()
        else if (count === 2) problem('unavailable', 503, { 'retry-after': '0' })(res)
        else json(200, CART)(res)
      },
    })

    await connect().addToCart('desk-lamp', 2)

    const changes = stub.received.filter(({ what }) => what === 'POST /cart')
    expect(changes).toHaveLength(3)
    expect(new Set(changes.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
    expect(new Set(changes.map(({ body }) => body))).toEqual(
      new Set(['{"item_id":"desk-lamp","quantity":2}']),
    )
  })

  it('has a key of its own each time it is wished for', async () => {
    stub = await startStub({ 'POST /session': tokens(['first']), 'POST /cart': json(200, CART) })
    const shop = connect()

    await shop.addToCart('desk-lamp')
    await shop.addToCart('desk-lamp')

    const keys = stub.received.map(({ headers }) => headers['idempotency-key']).filter(Boolean)
    expect(new Set(keys).size).toBe(2)
  })

  it('has one on a page without TLS, too, where browsers have no randomUUID', async () => {
    stub = await startStub({ 'POST /session': tokens(['first']), 'POST /cart': json(200, CART) })
    const missing = jest.spyOn(globalThis.crypto, 'randomUUID').mockImplementation(() => {
      throw new TypeError('crypto.randomUUID is not a function')
    })

    await connect().addToCart('desk-lamp')

    missing.mockRestore()
    expect(stub.received.at(-1)?.headers['idempotency-key']).toMatch(/^[0-9a-f]{32}$/)
  })

  it('that is refused fails at once with the problem, field by field', async () => {
    const refusal = {
      type: '/problems/unknown-item',
      title: 'There is no such item in the catalogue',
      status: 422,
      errors: [{ pointer: '/item_id', detail: 'is not in the catalogue' }],
    }
    stub = await startStub({ 'POST /session': tokens(['first']), 'POST /cart': json(422, refusal) })

    const error: unknown = await connect()
      .addToCart('nothing')
      .catch((reason: unknown) => reason)

    expect(error).toBeInstanceOf(ShopError)
    const { slug, status, message } = error as ShopError
    expect({ slug, status, message }).toEqual({ slug: 'unknown-item', status: 422, message: refusal.title })
    expect((error as ShopError).fieldError('/item_id')).toBe('is not in the catalogue')
    expect(stub.received).toHaveLength(2)
  })

  it('ends when it is aborted, without another try', async () => {
    const leaving = new AbortController()
    stub = await startStub({
      'POST /session': tokens(['first']),
      'POST /cart': (res) => {
        problem('unavailable', 503)(res)
        leaving.abort()
      },
    })

    await expect(connect().addToCart('desk-lamp', 1, { signal: leaving.signal })).rejects.toThrow('aborted')
    expect(stub.received).toHaveLength(2)
  })
})

describe('a guest', () => {
  it('gets one token, however many requests wait for it', async () => {
    stub = await startStub({ 'POST /session': tokens(['first']), 'GET /cart': json(200, CART) })
    const shop = connect()

    await Promise.all([shop.cart(), shop.cart(), shop.cart()])

    expect(stub.received.map(({ what }) => what).sort()).toEqual([
      'GET /cart',
      'GET /cart',
      'GET /cart',
      'POST /session',
    ])
  })

  it('has an expired token renewed with the old one, which keeps the cart', async () => {
    stub = await startStub({
      'POST /session': tokens(['second']),
      'GET /cart': (res, { headers }) =>
        headers.authorization === 'Bearer second'
          ? json(200, CART)(res)
          : problem('unauthenticated', 401)(res),
    })

    await createClient({ url: stub.url, token: 'first', retry: RETRY }).cart()

    const [, renewal] = stub.received
    expect(renewal).toMatchObject({ what: 'POST /session', headers: { authorization: 'Bearer first' } })
  })

  it('is refused once, not again and again, where a new token does not help', async () => {
    stub = await startStub({
      'POST /session': tokens(['first', 'second']),
      'GET /cart': problem('unauthenticated', 401),
    })

    await expect(connect().cart()).rejects.toMatchObject({ slug: 'unauthenticated' })
    expect(stub.received.filter(({ what }) => what === 'GET /cart')).toHaveLength(2)
  })
})

describe('an operator', () => {
  it('signs in with the secret', async () => {
    stub = await startStub({
      'POST /session/operator': tokens(['of an operator']),
      'GET /ops/dead-letters': json(200, { items: [], next_cursor: null }),
    })

    await createClient({ url: stub.url, operator: { secret: 's3cret', name: 'Ada' } }).ask(
      'GET',
      '/ops/dead-letters',
      {},
    )

    expect(stub.received[0]?.body).toBe('{"secret":"s3cret","name":"Ada"}')
    expect(stub.received[1]?.headers.authorization).toBe('Bearer of an operator')
  })
})
