import { createRequire } from 'node:module'
import { describe, expect, it, jest } from '@jest/globals'
import { patchIdleLoop } from './client.ts'

patchIdleLoop()

interface Queue {
  pending: unknown[]
  throttledUntil: number
  throttleCheckTimeoutId: unknown
  scheduleCheckPendingRequests(): void
  destroy(): void
}

const require = createRequire(import.meta.url)
const RequestQueue = require('kafkajs/src/network/requestQueue') as new (options: object) => Queue

function createQueue(): Queue {
  const logger = {
    namespace: () => ({ debug: () => undefined, error: () => undefined, warn: () => undefined }),
  }
  const instrumentation = { emit: () => undefined }
  return new RequestQueue({
    requestTimeout: 1_000,
    enforceRequestTimeout: false,
    clientId: 't',
    broker: 'b:1',
    logger: logger.namespace(),
    instrumentationEmitter: instrumentation,
    isConnected: () => true,
  })
}

/** The delays a queue asked for while it was told to look at itself. */
function delaysOf(queue: Queue): (number | undefined)[] {
  const timeout = jest.spyOn(globalThis, 'setTimeout').mockReturnValue(undefined as never)
  try {
    queue.scheduleCheckPendingRequests()
    return timeout.mock.calls.map(([, ms]) => ms)
  } finally {
    timeout.mockRestore()
  }
}

describe('the request queue of kafkajs', () => {
  it('schedules nothing while it is idle', () => {
    expect(delaysOf(createQueue())).toEqual([])
  })

  it('looks again when a request waits', () => {
    const queue = createQueue()
    queue.pending.push({})
    expect(delaysOf(queue)).toHaveLength(1)
  })

  it('looks again when the broker throttles', () => {
    const queue = createQueue()
    queue.throttledUntil = Date.now() + 500
    const [ms] = delaysOf(queue)
    expect(ms).toBeGreaterThan(0)
    expect(ms).toBeLessThanOrEqual(500)
  })

  it('is patched once, however often it is asked', () => {
    const before = RequestQueue.prototype as { scheduleCheckPendingRequests: unknown }
    const { scheduleCheckPendingRequests } = before
    patchIdleLoop()
    expect(before.scheduleCheckPendingRequests).toBe(scheduleCheckPendingRequests)
  })
})
