import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { addToCart, checkOutCart, getCart } from '@lepton/contracts/cart-routes'
import { getOrder, listOrders } from '@lepton/contracts/order-routes'
import { payOrder } from '@lepton/contracts/payment-routes'
import { receiveStock } from '@lepton/contracts/inventory-routes'
import { problemAnswer } from '@lepton/testing/mesh'
import type { ShopAnswer, ShopClient } from '@lepton/testing/shop-client'
import { SESSION_AUDIENCE } from '../src/identity.ts'
import { useGateway } from './gateway.ts'

const CUSTOMER = '01a1fea5-ba4b-71f4-85de-696148493360'
const OTHER = '01a1fea5-ba4b-71f4-85de-696148493361'
const EMPTY_CART = { cart_id: null, version: 0, lines: [], amount_minor: 0, currency: 'EUR' }
const gateway = useGateway()
const { identity, mesh, startGateway, connect } = gateway
let shop: ShopClient
let origin: string

beforeAll(async () => {
  origin = await startGateway()
  shop = connect(origin)
})

beforeEach(() => {
  mesh.requests.length = 0
  mesh.answer(getCart, () => ({ status: 200, body: EMPTY_CART }))
  mesh.answer(addToCart, () => ({ status: 200, body: EMPTY_CART }))
  mesh.answer(receiveStock, () => ({ status: 200, body: {} }))
})

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const sessionOf = (ageS: number) => ({ id: newId(), began_at: Math.floor(Date.now() / 1_000) - ageS })
const cookieOf = ({ headers }: ShopAnswer) => String(headers['set-cookie']).split(';')[0]!

async function passedCaller() {
  const { headers, service } = mesh.requests.at(-1)!
  return identity.verify(headers!.authorization!.replace('Bearer ', ''), service)
}

describe('a session', () => {
  it('is a token, and a cookie that scripts cannot read', async () => {
    const answer = await shop.ask<{ token: string; customer_id: string }>('POST', '/api/v1/session')

    expect(answer.status).toBe(201)
    expect(String(answer.headers['set-cookie'])).toMatch(
      /^lepton_session=[\w.-]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/,
    )
    expect((await identity.verify(answer.body.token)).subject).toBe(answer.body.customer_id)
  })

  it('goes on for the same customer, by token or by cookie', async () => {
    const first = await shop.ask<{ token: string; customer_id: string }>('POST', '/api/v1/session')
    const ask = (headers: Record<string, string>) =>
      shop.ask<{ customer_id: string }>('POST', '/api/v1/session', { headers })

    const byToken = await ask({ authorization: `Bearer ${first.body.token}` })
    const byCookie = await ask({ cookie: cookieOf(first), origin })

    expect(byToken.body.customer_id).toBe(first.body.customer_id)
    expect(byCookie.body.customer_id).toBe(first.body.customer_id)
  })

  it('begins a new session for a token that is not ours', async () => {
    expect((await shop.ask('POST', '/api/v1/session', bearer('not.a.token'))).status).toBe(201)
  })

  it('of an operator needs the secret', async () => {
    const wrong = await shop.ask('POST', '/api/v1/session/operator', { body: { secret: 'guess' } })

    expect(wrong.status).toBe(401)
    expect(wrong.headers['set-cookie']).toBeUndefined()
  })

  it('ends by clearing the cookie', async () => {
    const answer = await shop.ask('DELETE', '/api/v1/session')

    expect(answer.status).toBe(204)
    expect(String(answer.headers['set-cookie'])).toMatch(/^lepton_session=; Max-Age=0/)
  })
})

describe('a cookie', () => {
  it('becomes a token of 15 minutes for the service, and stays here', async () => {
    const session = await shop.ask<{ customer_id: string }>('POST', '/api/v1/session')

    await shop.ask('GET', '/api/v1/cart', { headers: { cookie: cookieOf(session) } })

    const caller = await passedCaller()
    expect(caller).toMatchObject({ subject: session.body.customer_id, role: 'customer' })
    expect(caller.expires_at - Date.now() / 1000).toBeLessThanOrEqual(900)
    expect(mesh.requests.at(-1)!.headers).not.toHaveProperty('cookie')
  })

  it('becomes another token for each owner, good there alone, and not here', async () => {
    const { body } = await shop.ask<{ token: string }>('POST', '/api/v1/session')
    mesh.answer(listOrders, () => ({ status: 200, body: { items: [], next_cursor: null, incomplete: [] } }))

    for (const path of ['/api/v1/cart', '/api/v1/orders', '/api/v1/orders'])
      await shop.ask('GET', path, bearer(body.token))

    const tokens = mesh.requests.map(({ headers }) => headers!.authorization!.replace('Bearer ', ''))
    expect(new Set([body.token, ...tokens]).size).toBe(3)
    expect(await identity.verify(tokens[1]!, 'order')).toMatchObject({ role: 'customer' })
    await expect(identity.verify(tokens[1]!, 'cart')).rejects.toMatchObject({ slug: 'unauthenticated' })
    expect((await shop.ask('GET', '/api/v1/cart', bearer(tokens[1]!))).status).toBe(401)
  })

  it('is passed on as it is to services that know no other token yet', async () => {
    const old = connect(await startGateway({ TOKEN_AUDIENCE: 'shop' }))
    const { body } = await old.ask<{ token: string }>('POST', '/api/v1/session')

    await old.ask('GET', '/api/v1/cart', bearer(body.token))

    expect(mesh.requests.at(-1)!.headers!.authorization).toBe(`Bearer ${body.token}`)
  })

  it.each([
    ['no page', {}],
    ['another page', { origin: 'http://evil.example' }],
    ['a page without a name', { origin: 'null' }],
  ])('changes nothing when the request comes from %s', async (_, headers) => {
    const session = await shop.ask('POST', '/api/v1/session')

    const answer = await shop.ask('POST', '/api/v1/cart', {
      headers: { cookie: cookieOf(session), ...headers },
      body: { item_id: 'desk-lamp', quantity: 1 },
    })

    expect(answer.status).toBe(403)
    expect(mesh.requests).toEqual([])
  })

  it('changes something when the request comes from a page of the shop', async () => {
    const session = await shop.ask('POST', '/api/v1/session')

    const answer = await shop.ask('POST', '/api/v1/cart', {
      headers: { cookie: cookieOf(session), origin },
      body: { item_id: 'desk-lamp', quantity: 1 },
    })

    expect(answer.status).toBe(200)
  })

  it('is renewed once half of its time has passed, and not before', async () => {
    async function visit(ttlS: number) {
      const person = { subject: CUSTOMER, role: 'customer', session: sessionOf(0) } as const
      const session = await identity.signerOf('gateway').sign(person, { ttlS, audience: SESSION_AUDIENCE })
      return shop.ask('GET', '/api/v1/cart', { headers: { cookie: `lepton_session=${session}` } })
    }

    expect((await visit(16 * 86_400)).headers['set-cookie']).toBeUndefined()
    expect((await visit(14 * 86_400)).headers['set-cookie']).toBeDefined()
  })

  it('is no bearer token, and a bearer token is no cookie', async () => {
    const session = await shop.ask<{ token: string }>('POST', '/api/v1/session')
    const asBearer = await shop.ask('GET', '/api/v1/orders', bearer(cookieOf(session).split('=')[1]!))
    const cookie = `lepton_session=${session.body.token}`
    const asCookie = await shop.ask('GET', '/api/v1/orders', { headers: { cookie } })

    expect([asBearer.status, asCookie.status]).toEqual([401, 401])
  })
})

describe('the demo shopper', () => {
  it('owns the cart of requests without a token, and may receive stock', async () => {
    await shop.ask('GET', '/cart')
    expect(await passedCaller()).toMatchObject({ role: 'customer' })

    await shop.ask('POST', '/stock', { body: { product_id: 'desk-lamp', quantity: 1 } })
    expect(await passedCaller()).toMatchObject({ role: 'operator' })
  })

  it.each([
    ['a page', { origin: 'http://localhost:1' }],
    ['a page of this shop, whose reads have no Origin', { 'sec-fetch-site': 'same-origin' }],
    ['a name that is not this machine', { host: 'evil.example' }],
  ])('takes no one for a customer who comes from %s', async (_, headers) => {
    expect((await shop.ask('GET', '/cart', { headers })).status).toBe(401)
  })

  it('does not exist outside development', async () => {
    const production = connect(await startGateway({ LEPTON_ENV: 'production' }))

    expect((await production.ask('GET', '/cart')).status).toBe(401)
    expect((await production.ask('POST', '/order', { body: { order_id: 'lunch' } })).status).toBe(401)
  })

  it('has no other paths', async () => {
    expect((await shop.ask('GET', '/api/v1/orders')).status).toBe(401)
  })
})

describe('the short names', () => {
  it('give one key to one name, however often it is sent', async () => {
    mesh.answer(checkOutCart, () => ({ status: 202, body: { order_id: CUSTOMER, status: 'SUBMITTED' } }))

    for (const order_id of ['lunch', 'lunch', 'dinner'])
      await shop.ask('POST', '/order', { body: { order_id } })

    const [first, again, other] = mesh.requests.map(({ headers }) => headers!['idempotency-key'])
    expect(again).toBe(first)
    expect(other).not.toBe(first)
  })

  it('find an order by its id, and by the name it was placed under', async () => {
    mesh.answer(getOrder, ({ path }) =>
      path.includes(CUSTOMER) ? problemAnswer('not-found') : { status: 200, body: { order_id: 'x' } },
    )

    const answer = await shop.ask('GET', `/order/${CUSTOMER}`)

    expect(answer.body).toEqual({ order_id: 'x', order: { order_id: 'x' } })
    expect(mesh.requests).toHaveLength(2)
  })

  it('pay with the approved test card', async () => {
    mesh.answer(payOrder, () => ({ status: 202, body: { order_id: CUSTOMER } }))

    await shop.ask('POST', '/payment', { body: { order_id: CUSTOMER } })

    const sent = JSON.parse(String(mesh.requests.at(-1)!.body)) as unknown
    expect(sent).toEqual({ order_id: CUSTOMER, payment_token: 'tok_approved' })
  })
})

describe('limits', () => {
  it('refuse who asks too often, say when to come back, and leave others alone', async () => {
    const strict = connect(await startGateway({ RATE_LIMIT_PER_MINUTE: '2' }))
    const token = await identity.customerToken(CUSTOMER)

    const answers = []
    for (let turn = 0; turn < 3; turn++) answers.push(await strict.ask('GET', '/api/v1/cart', bearer(token)))
    const other = await strict.ask('GET', '/api/v1/cart', bearer(await identity.customerToken(OTHER)))

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
    expect(Number(answers[2]!.headers['retry-after'])).toBeGreaterThan(0)
    expect(answers[2]!.body).toMatchObject({ type: '/problems/too-many-requests' })
    expect(other.status).toBe(200)
  })

  it('count guesses of the operator secret by address', async () => {
    const strict = connect(await startGateway({ SESSION_LIMIT_PER_MINUTE: '1' }))
    const guess = () => strict.ask('POST', '/api/v1/session/operator', { body: { secret: 'guess' } })

    expect([(await guess()).status, (await guess()).status]).toEqual([401, 429])
  })
})

it('names a service that is away, with the time to try again', async () => {
  mesh.away(getCart)

  const answer = await shop.ask<{ detail: string }>('GET', '/cart')

  expect(answer.status).toBe(503)
  expect(answer.headers['retry-after']).toBe('1')
  expect(answer.body.detail).toContain('cart')
})
