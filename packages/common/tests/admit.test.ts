import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createIdentity } from '@lepton/testing/identity'
import { silentLog } from '@lepton/testing/log'
import { type People, servePeople } from '@lepton/testing/people'
import { z } from 'zod'
import type { Asker } from '../src/http/admit.ts'
import { answer, createHttpApp } from '../src/http/app.ts'
import { createVerifier } from '../src/http/auth.ts'
import { type As, PASSED_HEADER } from '../src/http/passed.ts'
import { route } from '../src/http/route.ts'
import { createMetrics } from '../src/runtime/metrics.ts'

const identity = createIdentity('cart')
const readBasket = route({
  operation: 'read_basket',
  owner: 'cart',
  access: ['customer'],
  delegates: ['order'],
  method: 'GET',
  path: '/basket',
  answers: { 200: z.object({ of: z.string() }) },
})
const READ = { operation: 'read_basket', owner: 'cart' }
const ALICE = { subject: 'alice', role: 'customer' } as const
const [gateway, payment, order, inventory] = (['gateway', 'payment', 'order', 'inventory'] as const).map(
  (name) => identity.signerOf(name),
) as [S, S, S, S]
type S = ReturnType<typeof identity.signerOf>

let cart: People
let asker: Asker | undefined

beforeAll(async () => {
  const { verify } = identity
  const deps = {
    log: silentLog,
    metrics: createMetrics(),
    verify,
    signer: identity.signerOf('cart'),
    isReady: () => true,
  }
  const endpoint = answer(readBasket, ({ caller }) => {
    asker = caller
    return Promise.resolve({ status: 200, body: { of: caller.subject } })
  })
  cart = await servePeople(createHttpApp(deps, [endpoint]), identity)
})
beforeEach(() => void (asker = undefined))
afterAll(async () => {
  await cart.close()
  identity.remove()
})

const aliceAt = (audience: string, ttlS = 900) => gateway.sign(ALICE, { audience, ttlS })
const bearerOf = async (as: As, question = READ) =>
  (await as(question))['authorization']!.replace('Bearer ', '')

async function ask(headers: Record<string, string>) {
  const { status, body } = await cart.anyone().get<{ of?: string }>('/basket', { headers })
  return [status, body.of]
}

describe('a customer’s token', () => {
  it('is good at the service that it is for, and at no other', async () => {
    expect(await ask({ authorization: `Bearer ${await aliceAt('cart')}` })).toEqual([200, 'alice'])
    for (const audience of ['order', 'payment', 'lepton', 'gateway'])
      expect(await ask({ authorization: `Bearer ${await aliceAt(audience)}` })).toEqual([401, undefined])
  })

  it('is good at all of them while a fleet is changed', async () => {
    const { jwksFile } = identity.secrets
    const verify = createVerifier({ jwksFile, audience: 'cart', also: ['lepton'] })
    expect(await verify(await aliceAt('lepton'))).toMatchObject({ subject: 'alice' })
    await expect(verify(await aliceAt('order'))).rejects.toMatchObject({ slug: 'unauthenticated' })
  })
})

describe('a service that was asked by a customer', () => {
  it('asks others for that customer, where the route names it', async () => {
    expect(await ask(await order.onBehalfOf([await aliceAt('order')])(READ))).toEqual([200, 'alice'])
    expect(await ask(await inventory.onBehalfOf([await aliceAt('inventory')])(READ))).toEqual([
      403,
      undefined,
    ])
  })

  it('cannot ask by a token that was given to another service, or by one that is over', async () => {
    for (const stolen of [
      await aliceAt('payment'),
      await aliceAt('cart'),
      await aliceAt('order', -60),
      'nonsense',
    ])
      expect(await ask(await order.onBehalfOf([stolen])(READ))).toEqual([401, undefined])
  })

  it('cannot ask in its own name, or for another service alone', async () => {
    expect(await ask(await order.as(READ))).toEqual([403, undefined])
    const ofPayment = await bearerOf(payment.as, { operation: 'get_order', owner: 'order' })
    expect(await ask(await order.onBehalfOf([ofPayment])(READ))).toEqual([401, undefined])
  })

  it('needs a token of its own for this operation of this service', async () => {
    const passed = { [PASSED_HEADER]: await aliceAt('order') }
    const elsewhere = await bearerOf(order.as, { ...READ, owner: 'inventory' })
    const otherwise = await bearerOf(order.as, { ...READ, operation: 'write_basket' })
    expect(await ask({ ...passed, authorization: `Bearer ${elsewhere}` })).toEqual([401, undefined])
    expect(await ask({ ...passed, authorization: `Bearer ${otherwise}` })).toEqual([403, undefined])
    expect(await ask({ ...passed, authorization: `Bearer ${await aliceAt('cart')}` })).toEqual([
      401,
      undefined,
    ])
  })

  it('may have been asked by another that a customer had asked', async () => {
    const [alice, ofPayment] = [
      await aliceAt('payment'),
      await bearerOf(payment.as, { operation: 'get_order', owner: 'order' }),
    ]
    expect(await ask(await order.onBehalfOf([alice, ofPayment])(READ))).toEqual([200, 'alice'])
    // The payment service was not asked by her, or did not ask this one.
    expect(await ask(await order.onBehalfOf([await aliceAt('order'), ofPayment])(READ))).toEqual([
      401,
      undefined,
    ])
    const toInventory = await bearerOf(payment.as, { operation: 'get_order', owner: 'inventory' })
    expect(await ask(await order.onBehalfOf([alice, toInventory])(READ))).toEqual([401, undefined])
  })

  it('may not pass on tokens without end', async () => {
    const chain = Array.from({ length: 40 }, () => 'a.b.c')
    expect(await ask(await order.onBehalfOf(chain)(READ))).toEqual([401, undefined])
  })
})

it('passes on all that it got', async () => {
  const alice = await aliceAt('order')
  await ask(await order.onBehalfOf([alice])(READ))

  const headers = await asker!.as({ operation: 'list_products', owner: 'inventory' })

  expect(headers[PASSED_HEADER]!.split(' ')).toEqual([alice, await bearerOf(order.as)])
  const own = await identity.verify(headers['authorization']!.replace('Bearer ', ''), 'inventory')
  expect(own).toMatchObject({ subject: 'cart', scopes: ['list_products'] })
})
