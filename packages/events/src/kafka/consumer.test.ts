import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { Consumer, Kafka } from 'kafkajs'
import { createLog } from '@lepton/common/runtime/log'
import { subscribe } from './consumer.ts'

const log = createLog({ service: 'test', instance: 'test', level: 'silent' })
const events = {
  FETCH: 'consumer.fetch',
  HEARTBEAT: 'consumer.heartbeat',
  GROUP_JOIN: 'consumer.group_join',
  CRASH: 'consumer.crash',
}
const nothing = () => Promise.resolve()

/** A broker that answers, and consumers whose first join ends when the test says so. */
function createKafka() {
  const consumers: { joined: PromiseWithResolvers<void>; stop: jest.Mock<() => Promise<void>> }[] = []
  const admin = {
    connect: nothing,
    disconnect: nothing,
    describeCluster: () => Promise.resolve({ clusterId: 'c' }),
  }
  function consumer(): Consumer {
    const joined = Promise.withResolvers<void>()
    const stop = jest.fn(nothing)
    consumers.push({ joined, stop })
    const fake = { events, on: () => undefined, connect: nothing, subscribe: nothing, disconnect: nothing }
    return { ...fake, stop, run: () => joined.promise } as unknown as Consumer
  }
  return { kafka: { admin: () => admin, consumer } as unknown as Kafka, consumers }
}

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => {
  jest.useRealTimers()
})

describe('a silent consumer', () => {
  it('that still joins is stopped once it has joined, for until then it would not hear', async () => {
    const { kafka, consumers } = createKafka()
    const options = { group: 'g', topics: [], concurrency: 1, onDelivery: nothing }
    const subscriber = subscribe(
      { kafka, probe: nothing, log },
      { brokers: [], clientId: 't', silenceMs: 2_000 },
      options,
    )
    try {
      await jest.advanceTimersByTimeAsync(5_000)
      const [silent] = consumers
      expect(silent!.stop).not.toHaveBeenCalled()
      silent!.joined.resolve()
      await jest.advanceTimersByTimeAsync(0)
      expect(silent!.stop).toHaveBeenCalledTimes(1)
    } finally {
      for (const { joined } of consumers) joined.resolve()
      await subscriber.stop()
    }
  })
})
