import { SUBSCRIPTIONS } from '@lepton/contracts/topics'
import type { KafkaAccess } from '@lepton/events/kafka/settings'
import { setTimeout as delay } from 'node:timers/promises'
import { createChaosKafka } from '../collect/topics.ts'
import type { FaultSource } from './fault.ts'

const STAY_MS = 2_000
const SESSION_MS = 6_000

/** A stranger joins a group, gets partitions, does nothing with them, and leaves; again and again. */
export const stormGroup: FaultSource = (shop, random) => {
  const [group, topics] = random.pick(Object.entries(SUBSCRIPTIONS))
  return {
    title: `rebalance storm in group ${group}`,
    target: `group ${group}`,
    begin: () => {
      const stopping = new AbortController()
      const running = storm(shop.kafka, group, topics, stopping.signal)
      // The end of it is awaited below; until then a broker that is away is no fault of ours.
      running.catch(() => undefined)
      return async () => {
        stopping.abort()
        await running
      }
    },
  }
}

async function storm(
  access: KafkaAccess,
  groupId: string,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const kafka = createChaosKafka(access)
  while (!signal.aborted) {
    const consumer = kafka.consumer({
      groupId,
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: SESSION_MS,
      heartbeatInterval: 1_000,
      retry: { retries: 3, restartOnFailure: () => Promise.resolve(false) },
    })
    try {
      await consumer.connect()
      await consumer.subscribe({ topics: [...topics] })
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: () => Promise.resolve(),
      })
      await delay(STAY_MS, undefined, { signal }).catch(() => undefined)
    } finally {
      await consumer.disconnect()
    }
  }
}
