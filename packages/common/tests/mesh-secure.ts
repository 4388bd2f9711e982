import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect } from 'node:tls'
import { silentLog } from '@lepton/testing/log'
import { createMetrics } from '../src/runtime/metrics.ts'
import { createMeshClient } from '../src/mesh/client.ts'
import type { ConsulClient } from '../src/mesh/consul.ts'
import { createFramesServer } from '../src/mesh/frames/server.ts'
import { createGrpcServer } from '../src/mesh/grpc/server.ts'
import { createHttp2Server } from '../src/mesh/http2/server.ts'
import type { KnownInstance } from '../src/mesh/membership.ts'
import { overHttp } from '../src/mesh/over-http.ts'
import { closeGently, listen } from '../src/mesh/serving.ts'
import { meshDefaults } from '../src/mesh/settings.ts'
import type { CredentialFiles } from '../src/mesh/tls/from-files.ts'
import { createSecurity, type TlsChoice } from '../src/mesh/tls/security.ts'
import type { TransportName } from '../src/mesh/transports.ts'
import { createFakeDiscovery } from './mesh-fixtures.ts'

interface From {
  consul: ConsulClient
  stateDir?: string
  choice?: TlsChoice
}

const sum = async (metrics: ReturnType<typeof createMetrics>, name: string, label?: string) =>
  ((await metrics.registry.getSingleMetric(name)?.get())?.values ?? [])
    .filter(({ labels }) => label === undefined || Object.values(labels).includes(label))
    .reduce((total, { value }) => total + value, 0)

/** Services and callers that prove who they are, gone after `close`. */
export function createFleet() {
  const closing: (() => Promise<unknown>)[] = []

  function secured(service: string, { consul, stateDir, choice = 'consul' }: From, acceptsPlain = false) {
    const metrics = createMetrics()
    const from = { consul, service, stateDir, log: silentLog, metrics, acceptsPlain }
    const security = createSecurity(choice, from)
    closing.push(() => security.close())
    return { ...security, refusals: (reason: string) => sum(metrics, 'mesh_tls_refused_total', reason) }
  }

  /** An app behind every transport, as a service has it. */
  async function start(
    service: string,
    from: From,
    { listener = (_req, res) => void res.end(service), acceptsPlain = false }: Partial<Behaviour> = {},
  ) {
    const security = secured(service, from, acceptsPlain)
    await security.ready(5_000)
    const tls = security.identity.server
    const guarded = security.guard(listener)
    const http1 = tls.keep(createSecureServer(tls.options(), guarded))
    const http2 = createHttp2Server(overHttp(guarded), { tls })
    const grpc = createGrpcServer(overHttp(guarded), { tls })
    const frames = createFramesServer(overHttp(guarded), { tls })
    const meta = {
      ...security.meta,
      http2_port: String(await listen(http2.server, '127.0.0.1', 0)),
      grpc_port: String(await listen(grpc.server, '127.0.0.1', 0)),
      frames_port: String(await listen(frames.server, '127.0.0.1', 0)),
    }
    const instance = instanceAt(service, await listen(http1, '127.0.0.1', 0), meta)
    closing.push(() =>
      Promise.all([
        http2.close(),
        grpc.close(),
        frames.close(),
        closeGently(http1, {
          cut: () => http1.closeAllConnections(),
          leave: () => http1.closeAllConnections(),
        }),
      ]),
    )
    return { ...security, instance }
  }

  /** A service of another maker, without TLS. */
  async function startPlain(service: string): Promise<KnownInstance> {
    const server = createServer((_req, res) => res.end('plain'))
    const port = await listen(server, '127.0.0.1', 0)
    closing.push(() =>
      closeGently(server, { cut: () => undefined, leave: () => server.closeAllConnections() }),
    )
    return instanceAt(service, port, {})
  }

  /** A caller of `order`; without `from`, one that has no certificate. */
  async function call(
    instances: KnownInstance[],
    {
      as = 'cart',
      from,
      transportName = 'http1',
    }: { as?: string; from?: From; transportName?: TransportName },
  ) {
    const security = from && secured(as, from)
    await security?.ready(5_000)
    const { discovery, set } = createFakeDiscovery({ order: instances })
    const metrics = createMetrics()
    const identity = security?.identity
    const settings = { ...meshDefaults, transportName }
    const request = { service: 'order', operation: 'getOrder', method: 'GET', path: '/orders/1' } as const
    const again = () => {
      const client = createMeshClient({ discovery, identity, log: silentLog, metrics, settings })
      closing.push(() => client.close())
      return { get: (extra = {}) => client.request({ ...request, ...extra }), close: () => client.close() }
    }
    return {
      ...again(),
      identity,
      set: (list: KnownInstance[]) => set('order', list),
      /** Another client, with connections of its own. */
      again,
    }
  }

  return {
    start,
    startPlain,
    call,
    knock,
    certificateAt,
    async close() {
      for (const close of closing.splice(0).reverse()) await close()
    },
  }
}

function connectWith({ port }: KnownInstance, files: CredentialFiles, ca = files.ca) {
  const [cert, key, authority] = [files.cert, files.key, ca].map((path) => readFileSync(path, 'utf8'))
  const options = { cert: cert!, key: key!, ca: authority!, checkServerIdentity: () => undefined }
  return connect({ host: '127.0.0.1', port, ...options })
}

/** Asks with a certificate, whatever it is. */
async function knock(to: KnownInstance, files: CredentialFiles, ca: string): Promise<'answered' | 'refused'> {
  const socket = connectWith(to, files, ca)
  let got = ''
  socket.on('data', (chunk: Buffer) => (got += chunk.toString()))
  socket.on('error', () => undefined)
  socket.write('GET / HTTP/1.1\r\nhost: order\r\nconnection: close\r\n\r\n')
  await once(socket, 'close').catch(() => undefined)
  return got === '' ? 'refused' : 'answered'
}

/** The certificate that a new connection is shown. */
async function certificateAt(to: KnownInstance, files: CredentialFiles): Promise<string> {
  const socket = connectWith(to, files)
  await once(socket, 'secureConnect')
  const shown = socket.getPeerX509Certificate()!.toString().trim()
  socket.destroy()
  return shown
}

interface Behaviour {
  listener: RequestListener
  acceptsPlain: boolean
}

function instanceAt(name: string, port: number, meta: Record<string, string>): KnownInstance {
  const place = { id: `${name}-${port}`, name: `${name}-1`, address: '127.0.0.1', port, meta }
  return { ...place, tags: [], isWarning: false, weight: 1, tier: 'verified' }
}

/** Everything that went wrong, down to the first. */
export async function reasonsOf(answer: Promise<unknown>): Promise<string> {
  const reasons: string[] = []
  let error = await answer.then(
    () => undefined,
    (reason: unknown) => reason as Error,
  )
  for (; error !== undefined; error = error.cause as Error | undefined) reasons.push(error.message)
  return reasons.join(' < ')
}
