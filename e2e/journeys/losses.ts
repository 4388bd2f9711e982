import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import type { Problem } from '@lepton/contracts/problems'
import type { DatabaseOwner } from '@lepton/setup/services'
import type { ShopAnswer, Shopper } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import type { TargetService } from '../target.ts'
import {
  allCompleted,
  checkOut,
  client,
  operator,
  pay,
  placeUnpaid,
  settled,
  slugOf,
  target,
} from './world.ts'

const ONE = [{ item_id: 'desk-mat', quantity: 1 }]

/** How a service can be lost to its customers. */
const WAYS = [
  { what: 'all instances of', lose: loseInstances },
  { what: 'the database of', lose: loseDatabase },
]

/** One thing is away at a time: what needs it is refused at once and by its name, and all else goes on. */
export function losses(): void {
  describe.each(WAYS)('does without $what', ({ lose }) => {
    it('payment', async () => {
      const shopper = await client.shopper()
      const unpaid = await placeUnpaid(shopper, 'desk-mat')
      await settled(shopper, unpaid, ['RESERVED'])
      await using loss = await lose('payment')

      await unavailable('payment', () => pay(shopper, unpaid))
      const cart = await checkOut(shopper, ONE)
      await goesOn(shopper, ['/products', '/cart', '/orders'])
      await settled(shopper, cart.body.order_id, ['RESERVED'])
      await loss.end()

      expect(cart.status).toBe(202)
      await allCompleted({ orders: [{ shopper, orderId: cart.body.order_id }] })
      await settled(shopper, unpaid)
    })

    it('the cart', async () => {
      const shopper = await client.shopper()
      await using loss = await lose('cart')

      await unavailable('cart', () => shopper.ask('POST', '/api/v1/cart', { body: ONE[0] }))
      await goesOn(shopper, ['/products'])
      const orderId = await shopper.place(ONE)
      await allCompleted({ orders: [{ shopper, orderId }] })
      const mine = await shopper.ask('GET', '/api/v1/orders')
      await loss.end()

      expect(mine).toMatchObject({
        status: 200,
        body: { items: [{ order_id: orderId }], incomplete: [{ service: 'cart', problem: 'unavailable' }] },
      })
      const cart = await until('the cart can be ordered again', () => checkOut(shopper, ONE))
      await allCompleted({ orders: [{ shopper, orderId: cart.body.order_id }] })
    })

    it('order', async () => {
      const shopper = await client.shopper()
      await using loss = await lose('order')

      await unavailable('order', () =>
        shopper.ask('POST', '/api/v1/orders', { key: randomUUID(), body: { lines: ONE } }),
      )
      const cart = await checkOut(shopper, ONE)
      await goesOn(shopper, ['/products', '/cart'])
      await loss.end()

      expect(cart.status).toBe(202)
      await allCompleted({ orders: [{ shopper, orderId: cart.body.order_id }] })
    })

    it('inventory', async () => {
      const shopper = await client.shopper()
      const held = await placeUnpaid(shopper, 'desk-mat')
      await settled(shopper, held, ['RESERVED'])
      await using loss = await lose('inventory')

      await unavailable('inventory', () => shopper.ask('GET', '/api/v1/products'))
      await goesOn(shopper, ['/orders', `/orders/${held}`, `/orders/${held}/events`])
      const paid = await pay(shopper, held)
      await loss.end()

      expect(paid.status).toBe(202)
      await allCompleted({ orders: [{ shopper, orderId: held }] })
    })
  })

  it('does without the card processor: orders wait for their money, and are charged once', async () => {
    const shopper = await client.shopper()
    await using loss = await loseInstances('psp')

    const cart = await checkOut(shopper, ONE)
    await settled(shopper, cart.body.order_id, ['RESERVED'])
    await goesOn(shopper, ['/products', '/cart', '/orders', `/payments/${cart.body.order_id}`])
    await loss.end()

    await allCompleted({ orders: [{ shopper, orderId: cart.body.order_id }] })
  })

  // Before ops is lost: a second try at an instance that is gone would take the place of the answer that names Consul.
  it('does without Consul, also when an instance is killed: only settings are refused', async () => {
    const shopper = await client.shopper()
    const set = () =>
      operator.ask('PUT', '/api/v1/ops/settings', {
        key: randomUUID(),
        body: { key: 'edges/gateway/psp', value: '{"policy":"random"}', reason: 'a journey' },
      })
    await using loss = await losing(
      () => target.pause('consul'),
      () => target.resume('consul'),
    )

    await unavailable('consul', set, CONSUL_ANSWERS_MS)
    const [first] = await target.instances('order')
    const crashed = target.crash(first!)
    await goesOn(shopper, ['/products', '/cart', '/orders'])
    const cart = await checkOut(shopper, ONE)
    await allCompleted({ orders: [{ shopper, orderId: cart.body.order_id }] })
    await loss.end()
    await crashed

    await until('settings can be changed', async () => (await set()).status === 200)
    await operator.ask('POST', '/api/v1/ops/settings/undo', {
      key: randomUUID(),
      body: { key: 'edges/gateway/psp', reason: 'a journey' },
    })
  })

  it('does without ops: only operators notice', async () => {
    const shopper = await client.shopper()
    await using loss = await loseInstances('ops')

    await unavailable('ops', () => operator.ask('GET', '/api/v1/ops/overview'))
    await goesOn(shopper, ['/products', '/cart', '/orders'])
    const cart = await checkOut(shopper, ONE)
    await allCompleted({ orders: [{ shopper, orderId: cart.body.order_id }] })
    await loss.end()

    await until('operators see the shop', async () => {
      const { status } = await operator.ask('GET', '/api/v1/ops/overview')
      return status === 200
    })
  })
}

/** A Consul that hangs refuses nothing itself: so long is it waited for. */
const CONSUL_ANSWERS_MS = 2_500

/** What is away until `end`, or until the test has failed. */
async function losing(take: () => Promise<void>, giveBack: () => Promise<void>) {
  await take().catch(async (error: unknown) => {
    // What is half away would be away for every test after this one.
    await giveBack()
    throw error
  })
  let isOver = false
  async function end(): Promise<void> {
    if (isOver) return
    isOver = true
    await giveBack()
  }
  return { end, [Symbol.asyncDispose]: end }
}

function loseInstances(service: TargetService) {
  return losing(
    () => target.takeAway(service),
    () => target.bringBack(service),
  )
}

/** Only its administrator may connect then. */
function loseDatabase(owner: DatabaseOwner) {
  return losing(
    async () => {
      await target.alter(owner, connectionLimit(0))
      await target.alter(
        owner,
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      )
    },
    () => target.alter(owner, connectionLimit(-1)),
  )
}

const connectionLimit = (most: number) =>
  `do $$ begin execute format('alter database %I connection limit ${most}', current_database()); end $$`

/** The request is refused in less than a second, by a problem that names what is away and says when to come back. */
async function unavailable(
  name: string,
  request: () => Promise<ShopAnswer>,
  withinMs = 1_000,
): Promise<void> {
  const startedAtMs = performance.now()
  const answer = (await request()) as ShopAnswer<Problem>
  expect(performance.now() - startedAtMs).toBeLessThan(withinMs)
  expect([answer.status, slugOf(answer)]).toEqual([503, 'unavailable'])
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  expect(answer.body.detail).toContain(name)
}

async function goesOn(shopper: Shopper, paths: readonly string[]): Promise<void> {
  const answers = await Promise.all(paths.map((path) => shopper.ask('GET', `/api/v1${path}`)))
  expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 200))
}
