import { randomUUID } from 'node:crypto'
import type { OutgoingRecord } from '@lepton/events/broker'
import { type ArchivedEvent, recordOf } from '@lepton/events/outbox'
import { newId } from '@lepton/common/runtime/id'
import { TOPICS, type Topic } from '@lepton/contracts/topics'
import { DATABASE_OWNERS } from '@lepton/setup/services'
import { createShopClient } from '@lepton/testing/shop-client'
import { signAsOwners } from '@lepton/testing/sign-events'
import type { ChaosShop } from '../chaos-shop.ts'
import { askDatabase } from '../collect/ask-database.ts'
import { createChaosKafka, POISON_HEADER } from '../collect/topics.ts'
import type { Random } from '../random.ts'
import type { Fault, FaultSource } from './fault.ts'

export const TARGET = 'topics'
const MAX_REPEATED = 200
const MAX_REPUBLISHED_S = 60
const READ_BY_ORDERS: readonly Topic[] = ['order.v1', 'inventory.v1', 'payment.v1']

/** Messages that come again, or that cannot be read. */
export const sendMessages: FaultSource = (shop, random) =>
  random.weighted([
    [3, () => repeatEvents(shop, random, 'recent')],
    [2, () => repeatEvents(shop, random, 'old')],
    [1, () => republish(shop, random)],
    [2, () => poisonKey(shop, random)],
    [1, () => poisonOrder(shop, random)],
  ] as const)()

/** Sends what was sent already, bytes and headers and all, from one database's archive. */
export function repeatEvents(shop: ChaosShop, random: Random, which: 'recent' | 'old'): Fault {
  const owner = random.pick(DATABASE_OWNERS)
  const count = random.int(20, MAX_REPEATED)
  const from = which === 'recent' ? 'desc' : 'asc'
  return {
    title: `${count} ${which} events of ${owner} sent again`,
    target: TARGET,
    begin: async () => {
      const events = await askDatabase(shop.databaseUrl(owner), (ask) =>
        ask<ArchivedEvent>(
          `select event_id, topic, key, pub_seq, type, payload::text as payload, headers from (
             select * from outbox o where not exists (select from outbox_pending p where p.id = o.id)
               and topic = any($2) order by id ${from} limit $1) as some_of order by id`,
          [count, Object.keys(TOPICS)],
        ),
      )
      await send(shop, events.map(recordOf))
      return undefined
    },
  }
}

/** Sends whole minutes again from the archives, with the tool that rebuilds Kafka. */
function republish(shop: ChaosShop, random: Random): Fault {
  const seconds = random.int(5, MAX_REPUBLISHED_S)
  return {
    title: `the last ${seconds} s published again`,
    target: TARGET,
    begin: async () => {
      const now = Date.now()
      const [since, until] = [now - seconds * 1_000, now].map((ms) => new Date(ms).toISOString())
      const body = { since, until, reason: 'asked for by the chaos suite' }
      const client = createShopClient(random.pick(shop.gateways()), { connections: 1, timeoutMs: 10_000 })
      try {
        const operator = await client.operator(shop.operatorSecret)
        const { status } = await operator.ask('POST', '/api/v1/ops/events/republish', { body })
        if (status !== 200) throw new Error(`republish answered ${status}`)
      } finally {
        await client.close()
      }
      return undefined
    },
  }
}

/** What no consumer can read, under a key of its own. */
export function poisonKey(shop: ChaosShop, random: Random): Fault {
  const topic = random.pick(Object.keys(TOPICS) as Topic[])
  const kind = random.pick(['truncated', 'version', 'id', 'empty', 'headers'] as const)
  return {
    title: `poison in ${topic}: ${kind}`,
    target: TARGET,
    begin: async () => {
      await send(shop, [poisonous(topic, newId(), kind)])
      return undefined
    },
  }
}

/** What no consumer can read, between the events of an order: they wait until it is discarded. */
function poisonOrder(shop: ChaosShop, random: Random): Fault {
  const topic = random.pick(READ_BY_ORDERS)
  return {
    title: `poison in ${topic} under the key of an order`,
    target: TARGET,
    begin: async () => {
      await poisonLatestOrder(shop, topic)
      return undefined
    },
  }
}

export async function poisonLatestOrder(shop: Attacked, topic: Topic = 'order.v1'): Promise<void> {
  const [order] = await askDatabase(shop.databaseUrl('order'), (ask) =>
    ask<{ order_id: string }>('select order_id from order_stream order by created_at desc limit 1'),
  )
  await send(shop, [poisonous(topic, order?.order_id ?? newId(), 'truncated')])
}

function poisonous(
  topic: Topic,
  key: string,
  kind: 'truncated' | 'version' | 'id' | 'empty' | 'headers',
): OutgoingRecord {
  const [owner = ''] = topic.split('.')
  const type = {
    cart: 'cart.checked_out.v1',
    order: 'order.placed.v1',
    inventory: 'inventory.stock_reserved.v1',
  }
  const headers = {
    ce_specversion: '1.0',
    ce_id: kind === 'id' ? randomUUID() : newId(),
    ce_type: (type[owner as keyof typeof type] ?? 'payment.voided.v1').replace(
      'v1',
      kind === 'version' ? 'v9' : 'v1',
    ),
    ce_source: '/chaos',
    ce_time: new Date().toISOString(),
    ce_subject: key,
    ce_sequence: '1',
    'content-type': 'application/json',
    [POISON_HEADER]: kind,
  }
  const body = JSON.stringify({ order_id: key })
  const value = kind === 'truncated' ? body.slice(0, -9) : kind === 'empty' ? '' : body
  return { topic, key, value, headers: kind === 'headers' ? { [POISON_HEADER]: kind } : headers }
}

type Attacked = Pick<ChaosShop, 'databaseUrl' | 'kafka' | 'stateDir'>

async function send(shop: Omit<Attacked, 'databaseUrl'>, messages: readonly OutgoingRecord[]): Promise<void> {
  const producer = createChaosKafka(shop.kafka).producer({ allowAutoTopicCreation: false })
  await producer.connect()
  try {
    const signed = signAsOwners(shop.stateDir, messages)
    const topicMessages = [...Map.groupBy(signed, ({ topic }) => topic)].map(([topic, of]) => ({
      topic,
      messages: of.map(({ key, value, headers }) => ({ key, value, headers })),
    }))
    await producer.sendBatch({ acks: -1, topicMessages })
  } finally {
    await producer.disconnect()
  }
}
