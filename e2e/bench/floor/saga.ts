import { randomUUID } from 'node:crypto'
import { once as onceEmitted } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createKafka } from '@lepton/events/kafka/client'
import type { KafkaAccess } from '@lepton/events/kafka/settings'
import { silentLog } from '@lepton/testing/log'
import pg from 'pg'
import { Pool } from 'undici'
import * as s from './statements.ts'

/** Whose databases, producers and consumers there are. */
type Party = 'order' | 'inventory' | 'payment'
const PARTIES: readonly Party[] = ['order', 'inventory', 'payment']
const READS: Record<Party, readonly Party[]> = {
  order: ['inventory', 'payment'],
  inventory: ['order'],
  payment: ['order', 'inventory'],
}
const topicOf = (party: Party) => `floor.${party}`

export interface Saga {
  /** Resolves with the time until COMPLETED (ms). */
  order(): Promise<number>
  counts(): { transactions: number; kafkaRequests: number }
}

type Handler = (id: string, type: string, event: string) => Promise<void>

/**
 * The business of an order and nothing else: its statements, messages and calls by bare drivers in one process. What it
 * has not is what the shop is for: it is not exactly once when it is killed, meets no fault and has no customers.
 */
export async function startSaga(url: string, access: KafkaAccess): Promise<Saga> {
  const pools = Object.fromEntries(
    PARTIES.map((party) => [party, new pg.Pool({ connectionString: url, max: 10, pipeline: true })]),
  ) as Record<Party, pg.Pool>
  await pools.order.query(s.SCHEMA)
  const kafka = createKafka({ ...access, clientId: 'floor' }, silentLog)
  const counts = { transactions: 0, kafkaRequests: 0 }
  const calls = await startCalls()
  const waiting = new Map<string, { halves: number; resolve: (atMs: number) => void }>()

  async function transaction(party: Party, ...statements: s.Statement[]): Promise<number> {
    counts.transactions++
    const client = await pools[party].connect()
    try {
      const answers = await Promise.all([
        client.query('begin'),
        ...statements.map(([text, values]) => client.query({ name: nameOf(text), text, values })),
        client.query('commit'),
      ])
      return Number((answers.at(-2)?.rows[0] as { n?: string } | undefined)?.n)
    } finally {
      client.release()
    }
  }

  const relays = Object.fromEntries(
    await Promise.all(PARTIES.map(async (party) => [party, await startRelay(party)] as const)),
  ) as Record<Party, (id: string, type: string, n: number) => void>

  /** What was committed goes out of memory, all that waits in one batch, and one delete a batch. */
  async function startRelay(party: Party) {
    const producer = kafka.producer({ allowAutoTopicCreation: false })
    await producer.connect()
    producer.on(producer.events.REQUEST, () => counts.kafkaRequests++)
    const queue: { id: string; type: string; n: number }[] = []
    let isBusy = false
    async function pump(): Promise<void> {
      if (isBusy) return
      isBusy = true
      while (queue.length > 0) {
        const batch = queue.splice(0, 500)
        const messages = batch.map(({ id, type }) => s.record(id, type, randomUUID()))
        await producer.send({ topic: topicOf(party), acks: -1, messages })
        counts.transactions++
        const [text, values] = s.sent(batch.map(({ n }) => n))
        void pools[party].query({ name: nameOf(text), text, values })
      }
      isBusy = false
    }
    return (id: string, type: string, n: number) => {
      queue.push({ id, type, n })
      void pump()
    }
  }

  function half(id: string): void {
    const order = waiting.get(id)
    if (order === undefined || ++order.halves < 2) return
    waiting.delete(id)
    order.resolve(performance.now())
  }

  async function charge(id: string, event: string, operation: string, during: string, after: string) {
    await transaction('payment', s.once(3, event), s.movePayment(id, during), s.plan(id, operation))
    await calls()
    const n = await transaction(
      'payment',
      s.done(id, operation),
      s.movePayment(id, after),
      s.book(id, operation),
      s.emit('payment', id),
    )
    relays.payment(id, after, n)
  }

  async function hold(id: string, event: string, state: string, units: number) {
    const n = await transaction(
      'inventory',
      s.once(2, event),
      s.reserve(id, state),
      s.moveStock(id, units),
      s.noteStock(id),
      s.emit('inventory', id),
    )
    relays.inventory(id, state, n)
  }

  async function advance(id: string, event: string, type: string, version: number, answer?: string) {
    const facts = [s.fact(id, version, type)]
    if (answer !== undefined) facts.push(s.fact(id, version + 1, answer))
    const moves = [s.once(1, event), s.lockOrder(id), ...facts, s.moveOrder(id, version + facts.length - 1)]
    if (answer === undefined) await transaction('order', ...moves)
    else relays.order(id, answer, await transaction('order', ...moves, s.emit('order', id)))
  }

  const handlers: Record<Party, Record<string, Handler>> = {
    inventory: {
      PLACED: (id, _, event) => hold(id, event, 'HELD', 1),
      CONFIRMED: (id, _, event) => hold(id, event, 'COMMITTED', 0),
    },
    payment: {
      PLACED: async (id, _, event) => {
        await transaction('payment', s.once(3, event), s.movePayment(id, 'INTENT'))
      },
      HELD: (id, _, event) => charge(id, event, 'AUTHORIZE', 'AUTHORIZING', 'AUTHORIZED'),
      CONFIRMED: (id, _, event) => charge(id, event, 'CAPTURE', 'CAPTURING', 'CAPTURED'),
    },
    order: {
      HELD: (id, type, event) => advance(id, event, type, 2),
      AUTHORIZED: (id, type, event) => advance(id, event, type, 3, 'CONFIRMED'),
      COMMITTED: async (id, type, event) => {
        await advance(id, event, type, 5)
        half(id)
      },
      CAPTURED: async (id, type, event) => {
        await advance(id, event, type, 6, 'COMPLETED')
        half(id)
      },
    },
  }

  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({
    waitForLeaders: true,
    topics: PARTIES.map((party) => ({ topic: topicOf(party), numPartitions: 12 })),
  })
  await admin.disconnect()
  await Promise.all(PARTIES.map(consume))

  async function consume(party: Party): Promise<void> {
    const consumer = kafka.consumer({ groupId: `floor-${party}`, maxWaitTimeInMs: 5_000 })
    await consumer.connect()
    consumer.on(consumer.events.REQUEST, () => counts.kafkaRequests++)
    // A group begins where its first fetch finds the end, which may be behind the first orders.
    await consumer.subscribe({ topics: READS[party].map(topicOf), fromBeginning: true })
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
    await consumer.run({
      partitionsConsumedConcurrently: 24,
      autoCommitInterval: 500,
      eachBatch: async ({ batch, resolveOffset }) => {
        await Promise.all(
          batch.messages.map(async ({ key, headers = {} }) => {
            const [type, event] = [String(headers['ce_type']), String(headers['ce_id'])]
            await handlers[party][type]?.(String(key), type, event)
          }),
        )
        resolveOffset(batch.messages.at(-1)!.offset)
      },
    })
    await joined
  }

  return {
    counts: () => ({ ...counts }),
    order: async () => {
      const id = randomUUID()
      const startedAtMs = performance.now()
      const finished = new Promise<number>((resolve) => waiting.set(id, { halves: 0, resolve }))
      // The cart, its prices and the stock.
      for (let call = 0; call < 3; call++) await calls()
      const n = await transaction(
        'order',
        s.reply(id),
        s.newOrder(id),
        s.fact(id, 1, 'PLACED'),
        s.emit('order', id),
      )
      relays.order(id, 'PLACED', n)
      return (await finished) - startedAtMs
    },
  }
}

const names = new Map<string, string>()
function nameOf(text: string): string {
  const name = names.get(text) ?? `f${names.size}`
  names.set(text, name)
  return name
}

/** Another service: a call that is answered at once. */
async function startCalls(): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end('{"items":[{"price_minor":7900}]}'))
  }).listen(0, '127.0.0.1')
  await onceEmitted(server, 'listening')
  const pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return async () => {
    const { body } = await pool.request({
      method: 'POST',
      path: '/',
      body: '{"a":1}',
      headers: { 'content-type': 'application/json' },
    })
    await body.json()
  }
}
