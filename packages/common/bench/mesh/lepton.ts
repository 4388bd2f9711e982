import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { createLog } from '../../src/runtime/log.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import { createMeshClient } from '../../src/mesh/client.ts'
import type { Discovery } from '../../src/mesh/discovery.ts'
import { createFramesServer } from '../../src/mesh/frames/server.ts'
import { createHttp2Server } from '../../src/mesh/http2/server.ts'
import type { InboundHandler } from '../../src/mesh/inbound.ts'
import type { KnownInstance } from '../../src/mesh/membership.ts'
import { PORT_KEYS, type TransportName } from '../../src/mesh/transports.ts'
import { answerTo, type Peer, type Place } from './peer.ts'
import { serveHttp } from './undici.ts'

const handle: InboundHandler = ({ body }) => {
  const question: unknown = JSON.parse(body.toString())
  const headers = { 'content-type': 'application/json' }
  return Promise.resolve({ status: 200, headers, body: JSON.stringify(answerTo(question)) })
}

/** The mesh with everything on: balancing, ejection, breaker, retry budget, deadline, limits, metrics. */
export const lepton = (transportName: TransportName): Peer => ({
  async serve() {
    const http1 = await serveHttp()
    if (transportName === 'http1') return http1
    const { server } = transportName === 'frames' ? createFramesServer(handle) : createHttp2Server(handle)
    return { ...http1, [PORT_KEYS[transportName]]: await listening(server) }
  },

  connect(place) {
    const log = createLog({ service: 'bench', instance: 'bench-1', level: 'silent' })
    const client = createMeshClient({
      discovery: fixed(place),
      log,
      metrics: createMetrics(),
      settings: { transportName },
    })
    const headers = { 'content-type': 'application/json' }
    const target = { service: 'answering', operation: 'ask', method: 'POST' as const, path: '/ask', headers }
    return Promise.resolve({
      call: async (question) => {
        const { body } = await client.request({ ...target, body: JSON.stringify(question) })
        return JSON.parse(body.toString()) as unknown
      },
      close: () => client.close(),
    })
  },
})

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A registry that knows one instance. */
function fixed(place: Place): Discovery {
  const instance: KnownInstance = {
    id: 'answering-1',
    name: 'answering-1',
    address: '127.0.0.1',
    port: Number(place.port),
    tags: [],
    meta: Object.fromEntries(Object.entries(place).map(([key, value]) => [key, String(value)])),
    isWarning: false,
    weight: 1,
    tier: 'verified',
  }
  return {
    watch: (service) => ({
      service,
      instances: () => [instance],
      ready: Promise.resolve(),
      isReady: () => true,
      subscribe: () => () => undefined,
    }),
    release: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}
