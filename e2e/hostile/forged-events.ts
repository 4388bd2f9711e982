import { expect, it } from '@jest/globals'
import type { Alarms } from '@lepton/contracts/alarms'
import type { DeadLetter } from '@lepton/contracts/dead-letters'
import { OrderCancelled } from '@lepton/contracts/order'
import { PaymentAuthorized, PaymentCaptured, PaymentStatus } from '@lepton/contracts/payment'
import type { OutgoingRecord } from '@lepton/events/broker'
import { createEventSigner } from '@lepton/events/signatures/signer'
import { eventRecord } from '@lepton/testing/builders'
import { until } from '@lepton/testing/until'
import { createChaosKafka, dumpTopics } from '../chaos/collect/topics.ts'
import { readBooks } from '../read-books.ts'
import { client, operator, pay, placeUnpaid, settled, target, unitsOf } from '../journeys/world.ts'

const ITEM = 'desk-lamp'
const AMOUNT = 7_900
const LETTERS = '/api/v1/ops/dead-letters'

/** Finding 7: a program that reaches Kafka is not believed, even with the rights of its administrator. */
export function forgedEvents(): void {
  const inside = target.inside!
  const onThisMachine = target.inside === undefined ? it.skip : it
  const keys: string[] = []

  const refused = async (key: string) => {
    const path = `${LETTERS}?key=${key}&status=REFUSED&limit=100`
    return (await operator.ask<{ items: DeadLetter[] }>('GET', path)).body.items
  }

  async function append(records: readonly OutgoingRecord[]): Promise<void> {
    const producer = createChaosKafka(inside.kafka).producer({ allowAutoTopicCreation: false })
    await producer.connect()
    const topicMessages = [...Map.groupBy(records, ({ topic }) => topic)].map(([topic, of]) => ({
      topic,
      messages: of.map(({ key, value, headers }) => ({ key, value, headers })),
    }))
    await producer.sendBatch({ topicMessages }).finally(() => producer.disconnect())
  }

  /** An order that waits for its payment. */
  async function unpaid() {
    const shopper = await client.shopper()
    // A shop that is still busy with what came before refuses new orders first.
    const orderId = await until('the shop takes the order', () => placeUnpaid(shopper, ITEM))
    await settled(shopper, orderId, ['RESERVED'])
    keys.push(orderId)
    return { shopper, orderId }
  }

  const paid = (orderId: string) => [
    eventRecord(PaymentAuthorized, orderId, 1, { order_id: orderId, amount_minor: AMOUNT, currency: 'EUR' }),
    eventRecord(PaymentCaptured, orderId, 2, { order_id: orderId, amount_minor: AMOUNT, currency: 'EUR' }),
  ]

  /** What the payment service has truly said about another order, under the key of this one. */
  async function replayed(orderId: string): Promise<OutgoingRecord[]> {
    const shopper = await client.shopper()
    const other = await shopper.place([{ item_id: ITEM, quantity: 1 }])
    await settled(shopper, other, ['COMPLETED'])
    const said = (await dumpTopics(inside.kafka)).filter(
      ({ topic, key }) => topic === 'payment.v1' && key === other,
    )
    expect(said.map(({ type }) => type)).toEqual(['payment.authorized.v1', 'payment.captured.v1'])
    return said.map(({ topic, headers, value }) => ({ topic, key: orderId, headers, value: String(value) }))
  }

  const attacks: [string, (orderId: string) => Promise<OutgoingRecord[]>][] = [
    ['without a signature', (orderId) => Promise.resolve(paid(orderId))],
    [
      'with the key of another service',
      async (orderId) => createEventSigner(await inside.eventKeyOf('order')).sign(paid(orderId)),
    ],
    ['by true events of another order', replayed],
    [
      'by a status from far ahead',
      (orderId) =>
        Promise.resolve([
          eventRecord(PaymentStatus, orderId, 99_999_999, { order_id: orderId, state: 'CAPTURED' }),
        ]),
    ],
  ]

  onThisMachine.each(attacks)('completes no order %s, and the order goes on', async (_, forge) => {
    const { shopper, orderId } = await unpaid()
    const before = await shopper.order(orderId)
    const records = await forge(orderId)

    await append(records)

    const { letters, order } = await until('the records are refused, or change the order', async () => {
      const [letters, order] = [await refused(orderId), await shopper.order(orderId)]
      return (letters.length === records.length || order.status !== before.status) && { letters, order }
    })
    expect(order).toEqual(before)
    expect(letters.map(({ error_class, topic }) => [error_class, topic])).toEqual(
      records.map(() => ['Untrusted', 'payment.v1']),
    )
    expect((await pay(shopper, orderId)).status).toBe(202)
    await settled(shopper, orderId, ['COMPLETED'])
  })

  onThisMachine('frees no stock that an open order holds', async () => {
    const { shopper, orderId } = await unpaid()
    const before = await unitsOf(ITEM)
    const data = { order_id: orderId, mode: 'saga', reason: 'CUSTOMER' } as const

    await append([eventRecord(OrderCancelled, orderId, 2, data)])

    // Inventory and payment both read the topic.
    await until('the record is refused', async () => (await refused(orderId)).length === 2)
    expect(await unitsOf(ITEM)).toEqual(before)
    expect((await pay(shopper, orderId)).status).toBe(202)
    await settled(shopper, orderId, ['COMPLETED'])
  })

  onThisMachine('raises an alarm', async () => {
    const { items } = await until('the alarm fires', async () => {
      const { body } = await operator.ask<Alarms>('GET', '/api/v1/ops/alarms')
      return body.items.find(({ name }) => name === 'UntrustedRecords')?.state === 'firing' && body
    })
    expect(items.find(({ name }) => name === 'UntrustedRecords')).toMatchObject({ severity: 'page' })
  })

  onThisMachine('is replayed by no operator, and given up by one without a trace in the books', async () => {
    const letters = (await Promise.all(keys.map(refused))).flat()
    const body = { reason: 'a journey', letter_ids: letters.map(({ letter_id }) => letter_id) }
    const replay = await operator.ask<{ items: unknown[] }>('POST', `${LETTERS}/replay`, { body })
    expect(replay).toMatchObject({ status: 200, body: { items: [] } })

    for (const { letter_id } of letters) {
      const answer = await operator.ask('POST', `${LETTERS}/${letter_id}/discard`, {
        body: { reason: 'a journey' },
      })
      expect(answer.status).toBe(200)
    }
    const { violations } = await readBooks(operator)
    expect(violations.filter(({ what }) => keys.some((key) => what.includes(key)))).toEqual([])
  })
}
