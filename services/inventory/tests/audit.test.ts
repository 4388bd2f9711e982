import { beforeAll, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import type { Violation } from '@lepton/contracts/audit'
import { amountOf } from '@lepton/contracts/fields'
import { OrderCancelled, OrderConfirmed, OrderPlaced } from '@lepton/contracts/order'
import { eventRecord, line, placement } from '@lepton/testing/builders'
import { useInventoryService } from './inventory-service.ts'

const shop = useInventoryService()
const [held, committed, restocked] = [newId(), newId(), newId()].sort() as [string, string, string]

/** One order that holds its units, one that has them, one that gave them back. */
beforeAll(async () => {
  for (const product of ['beans', 'mug', 'pot']) await shop.product(product, 10)
  const lines = [line('beans', 2), line('mug', 1)]
  for (const order_id of [held, committed, restocked])
    await shop.broker.send([
      eventRecord(OrderPlaced, order_id, 1, placement(order_id, { lines, amount_minor: amountOf(lines) })),
    ])
  for (const order_id of [committed, restocked])
    await shop.broker.send([eventRecord(OrderConfirmed, order_id, 2, { order_id, mode: 'saga' })])
  await shop.broker.send([
    eventRecord(OrderCancelled, restocked, 3, { order_id: restocked, mode: 'saga', reason: 'REFUND' }),
  ])
  await shop.settle()
})

async function ask<T>(path: string): Promise<T> {
  const { status, body } = await (await shop.people.operator()).get<T>(path)
  expect(status).toBe(200)
  return body
}
const ofOrders = async (from: string, to = from) =>
  (await ask<{ findings: Violation[] }>(`/ops/audit?from=${from}&to=${to}`)).findings
const ofStock = (query = '') =>
  ask<{ findings: Violation[]; next: string | null }>(`/ops/audit/stock?${query}`)

/** Changes a row behind the service's back, and puts it back. */
async function whileWrong(change: string, undo: string, look: () => Promise<void>): Promise<void> {
  await shop.database.query(change)
  try {
    await look()
  } finally {
    await shop.database.query(undo)
  }
}

describe('the audit', () => {
  it('finds nothing where nothing is wrong', async () => {
    expect(await ofOrders(held, restocked)).toEqual([])
    expect(await ofStock()).toEqual({ findings: [], next: null })
  })

  it('names a product whose counts are not what its ledger says', async () => {
    const move = (by: number) =>
      `update stock set available = available + ${by}, held = held - ${by} where product_id = 'mug'`
    await whileWrong(move(1), move(-1), async () => {
      expect((await ofStock()).findings).toEqual([
        {
          invariant: 'I2',
          what: 'mug: 9 available, 0 held, 1 committed of 10; the ledger says 8, 1, 1 of 10',
        },
      ])
    })
  })

  it('names an order whose reservation is not what the ledger moved for it', async () => {
    const become = (state: string) => `update reservation set state = '${state}' where order_id = '${held}'`
    await whileWrong(become('RELEASED'), become('HELD'), async () => {
      expect(await ofOrders(held, restocked)).toEqual([
        {
          invariant: 'I2',
          order_id: held,
          what: 'is RELEASED, but of beans the ledger has 2 held and 0 committed beside it',
        },
        {
          invariant: 'I2',
          order_id: held,
          what: 'is RELEASED, but of mug the ledger has 1 held and 0 committed beside it',
        },
      ])
      expect(await ofOrders(committed)).toEqual([])
    })
  })

  it('names an order that holds what no ledger moved', async () => {
    const become = (quantity: number) =>
      `update reservation_item set quantity = ${quantity} where order_id = '${committed}' and product_id = 'mug'`
    await whileWrong(become(3), become(1), async () => {
      expect(await ofOrders(committed)).toEqual([
        expect.objectContaining({ invariant: 'I2', order_id: committed }),
      ])
    })
  })

  it('goes through products page by page', async () => {
    const first = await ofStock('limit=2')
    const second = await ofStock(`limit=2&after=${first.next}`)

    expect([first.next, second.next]).toEqual(['mug', null])
  })
})
