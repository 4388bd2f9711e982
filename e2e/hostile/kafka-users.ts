import { expect, it } from '@jest/globals'
import { createKafka } from '@lepton/events/kafka/client'
import type { KafkaAccess } from '@lepton/events/kafka/settings'
import { silentLog } from '@lepton/testing/log'
import { target } from '../journeys/world.ts'

const TOPIC = 'payment.v1'
/** kafkajs asks who coordinates a group, and takes a refusal for the answer that none does. */
const NO_GROUP = /^(GROUP_AUTHORIZATION_FAILED|KafkaJSGroupCoordinatorNotFound)$/

/** What a service that was taken over may do at the broker, and a program without a password. */
export function kafkaUsers(): void {
  const inside = target.inside!
  const onThisMachine = target.inside === undefined ? it.skip : it

  const inventory = async () => clientOf(await inside.kafkaAs('inventory'))

  onThisMachine('writes no topic of another service', async () => {
    const producer = (await inventory()).producer({ allowAutoTopicCreation: false })
    await producer.connect()
    const sent = producer.send({ topic: TOPIC, messages: [{ key: 'k', value: '{}' }] })
    expect(await typeOf(sent)).toBe('TOPIC_AUTHORIZATION_FAILED')
    await producer.disconnect()
  })

  onThisMachine('moves and reads no offset of another group', async () => {
    const admin = (await inventory()).admin()
    await admin.connect()
    const partitions = [{ partition: 0, offset: '999' }]
    const moved = admin.setOffsets({ groupId: 'order', topic: 'order.v1', partitions })
    expect(await typeOf(moved)).toMatch(NO_GROUP)
    const read = admin.fetchOffsets({ groupId: 'order', topics: ['order.v1'] })
    expect(await typeOf(read)).toMatch(NO_GROUP)
    expect(await admin.fetchOffsets({ groupId: 'inventory', topics: ['order.v1'] })).toHaveLength(1)
    await admin.disconnect()
  })

  onThisMachine('deletes nothing and creates nothing, not even of its own', async () => {
    const admin = (await inventory()).admin()
    await admin.connect()
    expect(await typeOf(admin.deleteTopics({ topics: ['inventory.v1'] }))).toBe('TOPIC_AUTHORIZATION_FAILED')
    expect(await typeOf(admin.createTopics({ topics: [{ topic: 'another' }] }))).toMatch(
      /AUTHORIZATION_FAILED$/,
    )
    expect(await typeOf(admin.deleteGroups(['order']))).toMatch(NO_GROUP)
    await admin.disconnect()
    const all = clientOf(inside.kafka).admin()
    await all.connect()
    expect(await all.listTopics()).toEqual(expect.arrayContaining([TOPIC, 'inventory.v1']))
    expect((await all.describeGroups(['order'])).groups[0]?.state).not.toBe('Dead')
    await all.disconnect()
  })

  onThisMachine('is not let in without a password, or with a wrong one', async () => {
    const { brokers } = inside.kafka
    const sasl = { mechanism: 'scram-sha-256', username: 'payment', password: 'guessed' } as const
    for (const access of [{ brokers }, { brokers, sasl }]) {
      const admin = clientOf(access).admin()
      await expect(admin.connect().then(() => admin.listTopics())).rejects.toThrow()
      await admin.disconnect().catch(() => undefined)
    }
  })
}

const clientOf = (access: KafkaAccess) =>
  createKafka({ ...access, clientId: 'hostile', retries: 0 }, silentLog)

/** The broker's own word for why it refused, or that of its client. */
async function typeOf(refused: Promise<unknown>): Promise<string> {
  const error = (await refused.then(
    () => new Error('it was let'),
    (reason: unknown) => reason,
  )) as Error & { type?: string; errors?: { type?: string }[]; cause?: { type?: string } }
  return error.type ?? error.cause?.type ?? error.errors?.[0]?.type ?? error.name
}
