import { setTimeout as delay } from 'node:timers/promises'
import type { KafkaAccess } from '@lepton/events/kafka/settings'
import { startSaga } from './saga.ts'

/** Orders at a pace for a time, or so many by shoppers without pause. */
export type Load = { perS: number; seconds: number } | { orders: number; shoppers: number }

export interface Run {
  latenciesMs: number[]
  tookMs: number
  transactions: number
  kafkaRequests: number
}

// The floor is a process of its own, so that its CPU is.
const [url = '', access = ''] = process.argv.slice(2)
const saga = await startSaga(url, JSON.parse(access) as KafkaAccess)

async function run(load: Load): Promise<Run> {
  const before = saga.counts()
  const startedAtMs = performance.now()
  const latenciesMs = await ('perS' in load ? steadily(load) : withoutPause(load))
  const tookMs = performance.now() - startedAtMs
  const after = saga.counts()
  return {
    latenciesMs,
    tookMs,
    transactions: after.transactions - before.transactions,
    kafkaRequests: after.kafkaRequests - before.kafkaRequests,
  }
}

async function steadily({ perS, seconds }: { perS: number; seconds: number }): Promise<number[]> {
  const orders: Promise<number>[] = []
  for (let index = 0; index < perS * seconds; index++) {
    orders.push(saga.order())
    await delay(1_000 / perS)
  }
  return Promise.all(orders)
}

async function withoutPause({ orders, shoppers }: { orders: number; shoppers: number }): Promise<number[]> {
  const latenciesMs: number[] = []
  let left = orders
  await Promise.all(
    Array.from({ length: shoppers }, async () => {
      while (left-- > 0) latenciesMs.push(await saga.order())
    }),
  )
  return latenciesMs
}

process.on('message', (load: Load) => void run(load).then((result) => process.send!(result)))
process.on('disconnect', () => process.exit())
process.send!('ready')
