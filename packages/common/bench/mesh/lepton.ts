import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { createLog } from '../../src/runtime/log.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import { createMeshClient } from '../../src/mesh/client.ts'
import type { Discovery } from '../../src/mesh/discovery.ts'
import { createFramesServer } from '../../src/mesh/frames/server.ts'
import { createGrpcServer } from '../../src/mesh/grpc/server.ts'
import { createHttp2Server } from '../../src/mesh/http2/server.ts'
import type { InboundHandler } from '../../src/mesh/inbound.ts'
import type { KnownInstance } from '../../src/mesh/membership.ts'
import { PORT_KEYS, TLS_KEY, TLS_MUTUAL, type TransportName } from '../../src/mesh/transports.ts'
import { fileCredentials } from '../../src/mesh/tls/from-files.ts'
import { createIdentity, type Identity } from '../../src/mesh/tls/identity.ts'
import { authorityIn } from './authority.ts'
import { answerTo, type Peer, type Place } from './peer.ts'
import { answerJson } from './undici.ts'

const handle: InboundHandler = ({ body }) => {
  const question: unknown = JSON.parse(body.toString())
  const headers = { 'content-type': 'application/json' }
  return Promise.resolve({ status: 200, headers, body: JSON.stringify(answerTo(question)) })
}

const SERVERS = { http2: createHttp2Server, grpc: createGrpcServer, frames: createFramesServer }

const log = createLog({ service: 'bench', instance: 'bench-1', level: 'silent' })

/** The mesh with everything on: balancing, ejection, breaker, retry budget, deadline, limits, metrics; TLS where wanted. */
export const lepton = (transportName: TransportName, { isSecure = false } = {}): Peer => ({
  async serve() {
    const folder = isSecure ? await mkdtemp(join(tmpdir(), 'lepton-bench-')) : ''
    const identity = isSecure ? await identityFrom(folder, 'answering') : undefined
    const tls = identity?.server
    const http1 = tls ? tls.keep(createSecureServer(tls.options(), answerJson)) : createServer(answerJson)
    const place = { port: await listening(http1), folder, ...(isSecure && { [TLS_KEY]: TLS_MUTUAL }) }
    if (transportName === 'http1') return place
    const { server } = SERVERS[transportName](handle, { tls })
    return { ...place, [PORT_KEYS[transportName]]: await listening(server) }
  },

  async connect(place) {
    const client = createMeshClient({
      discovery: fixed(place),
      identity: isSecure ? await identityFrom(String(place.folder), 'bench') : undefined,
      log,
      metrics: createMetrics(),
      settings: { transportName },
    })
    const headers = { 'content-type': 'application/json' }
    const target = { service: 'answering', operation: 'ask', method: 'POST' as const, path: '/ask', headers }
    return {
      call: async (question) => {
        const { body } = await client.request({ ...target, body: JSON.stringify(question) })
        return JSON.parse(body.toString()) as unknown
      },
      close: () => client.close(),
    }
  },
})

/** From the folder's authority, which the first who asks makes. */
async function identityFrom(folder: string, service: string): Promise<Identity> {
  const files = authorityIn(folder).issue(`URI:spiffe://bench/svc/${service}`)
  const identity = createIdentity(fileCredentials(files, { log }), { service, log, metrics: createMetrics() })
  await identity.ready
  return identity
}

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
      isInformed: () => true,
      subscribe: () => () => undefined,
    }),
    release: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}
