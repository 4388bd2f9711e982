import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { dumpTopics } from '../chaos/collect/topics.ts'
import { checkOut, client, settled, target } from '../journeys/world.ts'

const CARD = 'tok_approved'
const LINE = { item_id: 'desk-mat', quantity: 1 }

/** What a program learns that reads all topics, dead letters' too. */
export function readEvents(): void {
  const onThisMachine = target.inside === undefined ? it.skip : it

  onThisMachine('finds no card', async () => {
    const shopper = await client.shopper()
    const body = { lines: [LINE], payment_token: CARD, mode: 'two_phase' }
    const options = { key: randomUUID(), body }
    const [byCart, byOrder, inTwoPhases] = [
      (await checkOut(shopper, [LINE], { token: CARD })).body.order_id,
      await shopper.place([LINE], CARD),
      (await shopper.ask<{ order_id: string }>('POST', '/api/v1/orders', options)).body.order_id,
    ]
    const orderIds = [byCart, byOrder, inTwoPhases]
    for (const orderId of orderIds) await settled(shopper, orderId, ['COMPLETED'])

    const records = await dumpTopics(target.inside!.kafka)

    const seen = new Set(records.map(({ key }) => key))
    expect(orderIds.filter((orderId) => !seen.has(orderId))).toEqual([])
    const cards = records.filter(({ value }) => value?.includes('"tok_'))
    expect(cards.map(({ topic, key, type }) => `${topic} ${key} ${type}`)).toEqual([])
  })
}
