import { expect, it } from '@jest/globals'
import type { Problem } from '@lepton/contracts/problems'
import type { Shopper } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { chargesOf, client, settled, slugOf, target, uniqueName, unitsOf } from './world.ts'

type Answer = { order_id: string; status: string } & Problem

const FINISH_TIMEOUT_MS = 60_000

function buy(
  shopper: Shopper,
  item_id: string,
  { quantity = 1, token = 'tok_approved', key = uniqueName('key') } = {},
) {
  const body = { lines: [{ item_id, quantity }], payment_token: token, mode: 'two_phase' }
  return shopper.ask<Answer>('POST', '/api/v1/orders', { key, body })
}

async function statesOf(orderId: string) {
  return (await chargesOf(orderId)).map(({ state }) => state)
}

export function twoPhase(): void {
  it('buys: the answer says so, the money moves once, the units are committed', async () => {
    const shopper = await client.shopper()
    const before = await unitsOf('coffee-grinder')

    const answer = await buy(shopper, 'coffee-grinder', { quantity: 3 })
    const { order_id } = answer.body
    const order = await settled(shopper, order_id)

    expect(answer.status).toBe(202)
    expect(['CONFIRMED', 'COMPLETED']).toContain(answer.body.status)
    expect(order).toMatchObject({ status: 'COMPLETED', mode: 'two_phase' })
    expect(await chargesOf(order_id)).toMatchObject([{ state: 'CAPTURED', amount_minor: order.amount_minor }])
    expect(await unitsOf('coffee-grinder')).toEqual({
      ...before,
      available: before.available - 3,
      committed: before.committed + 3,
    })
  })

  it('buys a cart', async () => {
    const shopper = await client.shopper()
    await shopper.ask('POST', '/api/v1/cart', { body: { item_id: 'cast-iron-pan', quantity: 2 } })

    const answer = await shopper.ask<Answer>('POST', '/api/v1/cart/checkout', {
      key: uniqueName('key'),
      body: { payment_token: 'tok_approved', mode: 'two_phase' },
    })

    expect(answer.status).toBe(202)
    expect(['CONFIRMED', 'COMPLETED']).toContain(answer.body.status)
    expect(await settled(shopper, answer.body.order_id)).toMatchObject({ status: 'COMPLETED' })
  })

  it.each([
    ['a declined card', { token: 'tok_declined' }, { status: 'REJECTED', reason: 'DECLINED' }, ['DECLINED']],
    ['a card that is not accepted', { token: 'tok_broken' }, { status: 'REJECTED', reason: 'DECLINED' }, []],
    [
      'a card that is too slow',
      { token: 'tok_slow' },
      { status: 'CANCELLED', reason: 'EXPIRED' },
      ['VOIDED'],
    ],
    [
      'a capture that fails',
      { token: 'tok_capture_fails' },
      { status: 'CANCELLED', reason: 'CAPTURE_FAILED' },
      ['VOIDED'],
    ],
  ])('does not buy with %s, and every unit comes back', async (_name, with_, end, charges) => {
    const shopper = await client.shopper()
    const before = await unitsOf('pour-over-kettle')

    const { body } = await buy(shopper, 'pour-over-kettle', { quantity: 2, ...with_ })

    expect(await settled(shopper, body.order_id)).toMatchObject(end)
    expect(await statesOf(body.order_id)).toEqual(charges)
    expect(await unitsOf('pour-over-kettle')).toEqual(before)
  })

  it('does not buy what is out of stock, and charges nothing', async () => {
    const shopper = await client.shopper()

    const { body } = await buy(shopper, 'last-edition-print', { quantity: 999 })

    expect(await settled(shopper, body.order_id)).toMatchObject({
      status: 'REJECTED',
      reason: 'OUT_OF_STOCK',
    })
    expect((await statesOf(body.order_id)).filter((state) => state !== 'VOIDED')).toEqual([])
  })

  it('cancels while the card is asked', async () => {
    const shopper = await client.shopper()
    const pending = buy(shopper, 'pour-over-kettle', { token: 'tok_slow' })
    const order_id = await until('the order is there', async () => {
      const { body } = await shopper.ask<{ items: Answer[] }>('GET', '/api/v1/orders')
      return body.items[0]?.order_id ?? false
    })

    const cancelled = await shopper.ask('POST', `/api/v1/orders/${order_id}/cancel`)

    expect(cancelled.status).toBe(202)
    expect((await pending).body.order_id).toBe(order_id)
    expect(await settled(shopper, order_id)).toMatchObject({ status: 'CANCELLED', reason: 'CUSTOMER' })
    expect((await statesOf(order_id)).filter((state) => state !== 'VOIDED')).toEqual([])
  })

  it('makes one order of requests with one key, at once and later', async () => {
    const shopper = await client.shopper()
    const key = uniqueName('key')

    const answers = await Promise.all([1, 2, 3, 4].map(() => buy(shopper, 'cast-iron-pan', { key })))
    const { order_id } = answers[0]!.body
    const order = await settled(shopper, order_id)
    const later = await buy(shopper, 'cast-iron-pan', { key })

    expect(answers.map(({ status, body }) => [status, body.order_id])).toEqual(
      answers.map(() => [202, order_id]),
    )
    expect(order.status).toBe('COMPLETED')
    expect([later.status, later.body, later.headers['idempotency-replayed']]).toEqual([
      202,
      { order_id, status: 'COMPLETED' },
      'true',
    ])
    expect(await statesOf(order_id)).toEqual(['CAPTURED'])
  })

  it('needs a card', async () => {
    const shopper = await client.shopper()
    const body = { lines: [{ item_id: 'cast-iron-pan', quantity: 1 }], mode: 'two_phase' }

    const answer = await shopper.ask<Problem>('POST', '/api/v1/orders', { key: uniqueName('key'), body })

    expect([answer.status, slugOf(answer)]).toEqual([422, 'payment-token-missing'])
  })
}

export function twoPhaseFaults(): void {
  it.each(['payment', 'inventory', 'order'] as const)(
    'settles two-phase orders all or nothing when an instance of %s is killed during them',
    async (service) => {
      const shopper = await client.shopper()
      const [instance] = await target.instances(service)

      const buying = Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          buy(shopper, 'coffee-grinder', { key: uniqueName(`killed-${index}`) }).catch(() => undefined),
        ),
      )
      await target.crash(instance!)
      await buying

      const { body } = await shopper.ask<{ items: Answer[] }>('GET', '/api/v1/orders?limit=100')
      expect(body.items.length).toBeGreaterThan(0)
      for (const { order_id } of body.items) {
        const { status, reason } = await settled(shopper, order_id, undefined, FINISH_TIMEOUT_MS)
        const charged = (await statesOf(order_id)).filter((state) => state !== 'VOIDED')
        expect([status, reason ?? null, charged]).toEqual(
          status === 'COMPLETED' ? ['COMPLETED', null, ['CAPTURED']] : ['CANCELLED', 'EXPIRED', []],
        )
      }
    },
  )

  it('leaves no transaction open', async () => {
    await until('every transaction is settled', async () => {
      const open = await target.query(
        'order',
        `select * from tcc_tx where state in ('TRYING', 'CONFIRMING', 'CANCELLING')`,
      )
      return open.length === 0
    })
    expect(await target.query('order', `select * from tcc_tx where state = 'STOPPED'`)).toEqual([])
  })
}
