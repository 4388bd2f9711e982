import { beforeEach, describe, expect, it } from '@jest/globals'
import { tryPayment, tryStock } from '@lepton/contracts/branches'
import { newId } from '@lepton/common/runtime/id'
import { freshKey } from '@lepton/testing/builders'
import { until } from '@lepton/testing/until'
import { checkedOut, useOrderService } from './order-service.ts'

const shop = useOrderService({ isCoordinated: true })
const state = (name: string) => () => ({ status: 200, body: { order_id: newId(), state: name } })
const body = {
  lines: [{ item_id: 'espresso-beans', quantity: 1 }],
  payment_token: 'tok_approved',
  mode: 'two_phase',
}

beforeEach(() => {
  shop.ordinaryDay()
  shop.branchesAgree()
})

async function transactionState(id: string): Promise<string | undefined> {
  const { rows } = await shop.database.query<{ state: string }>('select state from tcc_tx where gid = $1', [
    id,
  ])
  return rows[0]?.state
}

describe('the coordinator', () => {
  it('drives an order to its end; the answer shows the decision, a repeat what there is by then', async () => {
    const alice = await shop.people.customer()
    const key = freshKey()

    const answer = await alice.post<{ order_id: string; status: string }>('/orders', body, { key })
    const { order_id } = answer.body
    await until('both branches are confirmed', async () => (await transactionState(order_id)) === 'CONFIRMED')
    const again = await alice.post('/orders', body, { key })

    expect(answer).toMatchObject({ status: 202, body: { status: 'CONFIRMED' } })
    expect(again).toMatchObject({ status: 202, body: { order_id, status: 'CONFIRMED' } })
    expect(again.headers['idempotency-replayed']).toBe('true')
    const { rows } = await shop.database.query<{ body: object }>(
      'select body from idempotency where owner = $1',
      [alice.id],
    )
    expect(rows).toEqual([{ body: { order_id, status: 'PLACED' } }])
  })

  it('drives a checkout of a cart', async () => {
    const alice = await shop.people.customer()
    const { order_id, record } = checkedOut(alice.id, undefined, 'tok_approved', 'two_phase')

    await shop.broker.send([record])

    await until('both branches are confirmed', async () => (await transactionState(order_id)) === 'CONFIRMED')
    expect(await shop.order(alice, order_id)).toMatchObject({ status: 'CONFIRMED', mode: 'two_phase' })
  })

  it('keeps places for others while a customer’s cards are slow', async () => {
    const [slow, other] = [await shop.people.customer(), await shop.people.customer()]
    const answered = Promise.withResolvers<void>()
    const tried: string[] = []
    shop.mesh.answer(tryPayment, async ({ path, body: asked }) => {
      const { customer_id } = JSON.parse(String(asked)) as { customer_id: string }
      tried.push(customer_id)
      if (customer_id === slow.id) await answered.promise
      return { status: 200, body: { order_id: path.split('/')[3], state: 'AUTHORIZED' } }
    })

    const waiting = Array.from({ length: 10 }, () => slow.post('/orders', body, { key: freshKey() }))
    await until('the first cards are asked', () => tried.length === 2)
    const answer = await other.post('/orders', body, { key: freshKey() })

    expect(answer).toMatchObject({ status: 202, body: { status: 'CONFIRMED' } })
    expect(tried).toEqual([slow.id, slow.id, other.id])
    answered.resolve()
    for (const { body: own } of await Promise.all(waiting)) expect(own).toMatchObject({ status: 'CONFIRMED' })
  })

  it('refuses an order that would come after too many others, at once, and takes it when they are through', async () => {
    const answered = Promise.withResolvers<void>()
    let tried = 0
    shop.mesh.answer(tryPayment, async ({ path }) => {
      tried++
      await answered.promise
      return { status: 200, body: { order_id: path.split('/')[3], state: 'AUTHORIZED' } }
    })
    const place = async (key = freshKey()) => (await shop.people.customer()).post('/orders', body, { key })

    const waiting = Array.from({ length: 4 + 32 }, () => place())
    await until('four are tried and the others wait', async () => {
      const { rows } = await shop.database.query(`select from tcc_tx where state = 'TRYING'`)
      return tried === 4 && rows.length === 36
    })
    expect(await place()).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })

    answered.resolve()
    await Promise.all(waiting)
    expect(await place()).toMatchObject({ status: 202, body: { status: 'CONFIRMED' } })
  })

  it('cancels both branches of an order whose units are missing', async () => {
    const alice = await shop.people.customer()
    shop.mesh.answer(tryStock, state('REJECTED'))

    const answer = await alice.post<{ order_id: string }>('/orders', body, { key: freshKey() })

    expect(answer.body).toMatchObject({ status: 'CANCELLING' })
    const { order_id } = answer.body
    await until('both branches are cancelled', async () => (await transactionState(order_id)) === 'CANCELLED')
  })
})
