import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type AddressInfo, connect, createServer } from 'node:net'
import { describe, expect, it, jest } from '@jest/globals'
import { patchHalfConnected, patchIdleLoop, patchLastBroker, patchLeftovers } from './client.ts'

patchIdleLoop()
patchLastBroker()
patchHalfConnected()
patchLeftovers()

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

/** The delays that a queue asked for while it checked itself. */
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

interface Pool {
  brokers: Record<string, object>
  seedBroker: object | undefined
  metadataExpireAt: number | null
  getNodeIds(): string[]
  removeBroker(address: { host: string; port: number }): void
}

const BrokerPool = require('kafkajs/src/cluster/brokerPool') as new (options: object) => Pool

function createPool(ports: readonly number[]): Pool {
  const pool = new BrokerPool({ connectionPoolBuilder: {}, logger: { namespace: () => ({}) } })
  const brokers = ports.map((port, index) => ({ nodeId: index + 1, connectionPool: { host: 'kafka', port } }))
  pool.brokers = Object.fromEntries(brokers.map((broker) => [broker.nodeId, broker]))
  pool.seedBroker = brokers[0]
  pool.metadataExpireAt = Date.now() + 60_000
  return pool
}

describe('the broker pool of kafkajs', () => {
  it('keeps the last broker, which closed a connection, and asks it again', () => {
    const pool = createPool([9092])
    pool.removeBroker({ host: 'kafka', port: 9092 })
    expect(pool.getNodeIds()).toEqual(['1'])
    expect(pool.seedBroker).toBeDefined()
    expect(pool.metadataExpireAt).toBeNull()
  })

  it('forgets a broker beside others', () => {
    const pool = createPool([9092, 9093])
    pool.removeBroker({ host: 'kafka', port: 9092 })
    expect(pool.getNodeIds()).toEqual(['2'])
  })
})

interface KafkaBroker {
  connect(): Promise<void>
  lookupRequest(apiKey: number, definition: object): unknown
}

const Broker = require('kafkajs/src/broker') as new (options: object) => KafkaBroker

/** Connections to a broker that accepts them at once, and answers requests as the test says. */
function createConnections(answers: (() => Promise<object>)[]) {
  let isConnected = false
  const connections = {
    host: 'kafka',
    port: 9092,
    closed: 0,
    isConnected: () => isConnected,
    getConnection: () => {
      isConnected = true
      return Promise.resolve({ getSupportAuthenticationProtocol: () => false, authenticate: () => undefined })
    },
    setVersions: () => undefined,
    send: () => answers.shift()!(),
    destroy: () => {
      isConnected = false
      connections.closed += 1
      return Promise.resolve()
    },
  }
  return connections
}

describe('a broker of kafkajs', () => {
  it('that did not answer when it was connected to is connected to again', async () => {
    const versions = { apiVersions: [{ apiKey: 3, minVersion: 0, maxVersion: 1 }] }
    const stopped = () => Promise.reject(new Error('timeout'))
    const connectionPool = createConnections([stopped, () => Promise.resolve(versions)])
    const logger = { namespace: () => ({ debug: () => undefined }) }
    const broker = new Broker({ connectionPool, logger })

    await expect(broker.connect()).rejects.toThrow('timeout')
    expect(connectionPool.closed).toBe(1)
    await broker.connect()

    const definition = { versions: [0, 1], protocol: () => 'request' }
    expect(broker.lookupRequest(3, definition)).toBe('request')
  })
})

interface KafkaConnection {
  connect(): Promise<unknown>
  disconnect(): Promise<unknown>
  processData(bytes: Buffer): void
  requestQueue: { fulfillRequest(answer: { correlationId: number }): void }
}

const Connection = require('kafkajs/src/network/connection') as new (options: object) => KafkaConnection

describe('a connection that ended in the middle of an answer', () => {
  it('is opened again without the part that it had read', async () => {
    const server = createServer((socket) => void socket.resume()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const logger = {
      namespace: () => ({ debug: () => undefined, warn: () => undefined, error: () => undefined }),
    }
    const socketFactory = ({ onConnect }: { onConnect: () => void }) => connect({ port }, onConnect)
    const connection = new Connection({
      host: '127.0.0.1',
      port,
      logger,
      socketFactory,
      connectionTimeout: 1_000,
    })
    await connection.connect()
    connection.processData(Buffer.from([0, 0, 0, 9, 1]))
    await connection.disconnect()
    await connection.connect()

    const answered: number[] = []
    connection.requestQueue.fulfillRequest = ({ correlationId }) => void answered.push(correlationId)
    connection.processData(Buffer.from([0, 0, 0, 4, 0, 0, 0, 7]))
    expect(answered).toEqual([7])
    await connection.disconnect()
    server.close()
  })
})
