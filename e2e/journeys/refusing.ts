import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { createSigner } from '@lepton/common/http/auth'
import type { Cart } from '@lepton/contracts/cart'
import { Problem, type ProblemSlug } from '@lepton/contracts/problems'
import type { AskOptions, ShopAnswer, Shopper } from '@lepton/testing/shop-client'
import { checkOut, client, operator, pay, placeUnpaid, settled, slugOf, target, unitsOf } from './world.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

interface Bad {
  what: string
  method: Method
  path: string
  options?: AskOptions
  slug: ProblemSlug
  /** What is wrong, where a field is. */
  pointers?: string[]
}

const UNKNOWN = '019aa000-0000-7000-8000-000000000000'
const ITEM = { item_id: 'chef-knife', quantity: 1 }
const key = () => randomUUID()
const lines = (...given: unknown[]) => ({ body: { lines: given }, key: key() })

const BAD: Bad[] = [
  cart('a quantity that is text', { ...ITEM, quantity: '1' }, ['/quantity']),
  cart('a quantity of nothing', { ...ITEM, quantity: 0 }, ['/quantity']),
  cart('a negative quantity', { ...ITEM, quantity: -1 }, ['/quantity']),
  cart('a broken quantity', { ...ITEM, quantity: 1.5 }, ['/quantity']),
  cart('a huge quantity', { ...ITEM, quantity: 1e21 }, ['/quantity']),
  cart('every field wrong', { item_id: 7, quantity: null }, ['/item_id', '/quantity']),
  cart('an unknown field', { ...ITEM, price_minor: 1 }, ['/price_minor']),
  cart('nothing', {}, ['/item_id', '/quantity']),
  {
    ...cart('an unknown item', { item_id: 'no-such-thing', quantity: 1 }, ['/item_id']),
    slug: 'unknown-item',
  },
  { ...cart('broken JSON', '{"item_id":', []), slug: 'invalid-json' },
  {
    ...cart('a megabyte', JSON.stringify({ ...ITEM, item_id: 'x'.repeat(1 << 20) }), []),
    slug: 'body-too-large',
  },
  {
    what: 'a body that is not JSON',
    method: 'POST',
    path: '/cart',
    options: { body: 'item_id=chef-knife', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    slug: 'unsupported-media-type',
  },
  {
    what: 'a huge line',
    method: 'PUT',
    path: '/cart/items/chef-knife',
    options: { body: { quantity: 1000 } },
    slug: 'invalid-request',
    pointers: ['/quantity'],
  },
  order('no lines', lines(), 'invalid-request', ['/lines']),
  order(
    '51 lines',
    lines(...Array.from({ length: 51 }, (_, index) => ({ ...ITEM, item_id: `item-${index}` }))),
    'invalid-request',
    ['/lines'],
  ),
  order('the same item twice', lines(ITEM, ITEM), 'duplicate-lines', ['/lines/1/item_id']),
  order('an unknown item among others', lines(ITEM, { ...ITEM, item_id: 'no-such-thing' }), 'unknown-item', [
    '/lines/1/item_id',
  ]),
  order(
    'a card number',
    { ...lines(ITEM), body: { lines: [ITEM], payment_token: '4111111111111111' } },
    'invalid-request',
    ['/payment_token'],
  ),
  order('no key', { body: { lines: [ITEM] } }, 'idempotency-key-missing'),
  order('a short key', { ...lines(ITEM), key: 'short' }, 'invalid-request', ['Idempotency-Key']),
  {
    what: 'an id that is none',
    method: 'GET',
    path: '/orders/1',
    slug: 'invalid-request',
    pointers: ['{order_id}'],
  },
  { what: 'an order that was not placed', method: 'GET', path: `/orders/${UNKNOWN}`, slug: 'not-found' },
  {
    what: 'to cancel an order that was not placed',
    method: 'POST',
    path: `/orders/${UNKNOWN}/cancel`,
    slug: 'not-found',
  },
  {
    what: 'to pay an order that was not placed',
    method: 'POST',
    path: '/payments',
    options: { key: key(), body: { order_id: UNKNOWN, payment_token: 'tok_approved' } },
    slug: 'not-found',
  },
  {
    what: 'a webhook that is not signed',
    method: 'POST',
    path: '/payments/webhook',
    options: {
      body: {
        event_id: UNKNOWN,
        type: 'charge.captured',
        merchant_reference: UNKNOWN,
        charge_id: UNKNOWN,
        created_at: '2026-01-01T00:00:00.000Z',
      },
      headers: { 'webhook-signature': `t=${Math.floor(Date.now() / 1000)},v1=${'0'.repeat(64)}` },
    },
    slug: 'signature-invalid',
  },
  { what: 'a product that is not sold', method: 'GET', path: '/products/no-such-thing', slug: 'not-found' },
  {
    what: 'a limit beyond reason',
    method: 'GET',
    path: '/orders?limit=100000',
    slug: 'invalid-request',
    pointers: ['?limit'],
  },
  { what: 'a cursor made up', method: 'GET', path: '/orders?cursor=abc', slug: 'invalid-request' },
  {
    what: 'an operator’s work with a customer’s token',
    method: 'POST',
    path: '/stock',
    options: { body: { product_id: 'chef-knife', quantity: 5 } },
    slug: 'forbidden',
  },
  { what: 'a path that is none', method: 'GET', path: '/no/such/path', slug: 'not-found' },
  { what: 'a method that is none here', method: 'PUT', path: '/orders', slug: 'method-not-allowed' },
]

export function refusing(): void {
  it.concurrent('answers every bad request with its problem document and changes nothing', async () => {
    const shopper = await client.shopper()
    await shopper.ask('POST', '/api/v1/cart', { body: ITEM })
    const cartBefore = (await shopper.ask<Cart>('GET', '/api/v1/cart')).body
    const unitsBefore = await unitsOf('chef-knife')

    const answers = await Promise.all(BAD.map((bad) => send(shopper, bad)))

    BAD.forEach(({ what, slug, pointers }, index) => {
      const { status, body, headers } = answers[index]!
      const problem = Problem.parse(body)
      expect([what, slugOf(answers[index]!)]).toEqual([what, slug])
      expect([what, status]).toEqual([what, problem.status])
      expect(headers['content-type']).toContain('application/problem+json')
      if (pointers !== undefined && pointers.length > 0) {
        expect([what, new Set(problem.errors?.map(({ pointer }) => pointer))]).toEqual([
          what,
          new Set(pointers),
        ])
      }
    })
    expect((await shopper.ask<Cart>('GET', '/api/v1/cart')).body).toEqual(cartBefore)
    expect((await shopper.ask<{ items: unknown[] }>('GET', '/api/v1/orders')).body.items).toEqual([])
    expect(await unitsOf('chef-knife')).toEqual(unitsBefore)
  })

  it.concurrent('believes no token but a valid one', async () => {
    const { token, customerId } = await client.shopper()
    const [head, , signature] = token.split('.')
    const claims = { sub: operator.customerId, iss: 'gateway', aud: 'lepton', role: 'operator', exp: 4e9 }
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url')
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    const forged = ['abc', `${head}.${payload}.${signature}`, `${none}.${payload}.`]
    if (target.gatewayKey !== undefined) {
      const gateway = createSigner({ issuer: 'gateway', jwk: target.gatewayKey })
      forged.push(await gateway.sign({ subject: customerId, role: 'customer' }, { ttlS: -60 }))
    }

    const answers = await Promise.all(
      [undefined, ...forged.map((value) => `Bearer ${value}`)].map((authorization) =>
        client.ask<Problem>('GET', '/api/v1/orders', { headers: authorization ? { authorization } : {} }),
      ),
    )

    for (const answer of answers) expect([answer.status, slugOf(answer)]).toEqual([401, 'unauthenticated'])
  })

  it.concurrent('keeps what is another’s to itself', async () => {
    const [owner, stranger] = [await client.shopper(), await client.shopper()]
    const { body } = await checkOut(owner, [{ item_id: 'linen-apron', quantity: 1 }])
    await settled(owner, body.order_id, ['COMPLETED'])
    const unpaid = await placeUnpaid(owner, 'linen-apron')
    const path = `/api/v1/orders/${body.order_id}`

    const answers: ShopAnswer<Problem>[] = await Promise.all([
      stranger.ask<Problem>('GET', path),
      stranger.ask<Problem>('GET', `${path}/events`),
      stranger.ask<Problem>('POST', `${path}/cancel`),
      stranger.ask<Problem>('POST', `${path}/refund`),
      stranger.ask<Problem>('GET', `/api/v1/payments/${body.order_id}`),
      stranger.ask<Problem>('POST', '/api/v1/cart/restore', {
        key: key(),
        body: { order_id: body.order_id },
      }),
      pay(stranger, unpaid),
    ])

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404))
    expect((await stranger.ask<Cart>('GET', '/api/v1/cart')).body.lines).toEqual([])
    expect(await owner.order(body.order_id)).toMatchObject({ status: 'COMPLETED' })
    await owner.ask('POST', `/api/v1/orders/${unpaid}/cancel`)
    expect(await settled(owner, unpaid)).toMatchObject({ status: 'CANCELLED', reason: 'CUSTOMER' })
  })
}

function cart(what: string, body: unknown, pointers: string[]): Bad {
  return { what, method: 'POST', path: '/cart', options: { body }, slug: 'invalid-request', pointers }
}

function order(what: string, options: AskOptions, slug: ProblemSlug, pointers: string[] = []): Bad {
  return { what: `an order with ${what}`, method: 'POST', path: '/orders', options, slug, pointers }
}

function send(shopper: Shopper, { method, path, options }: Bad): Promise<ShopAnswer<Problem>> {
  return shopper.ask<Problem>(method, `/api/v1${path}`, options)
}
