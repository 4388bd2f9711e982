import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@lepton/testing/until'
import { BalancedPool } from 'undici'
import { createMeshClient } from '../../src/mesh/client.ts'
import { createConsulClient } from '../../src/mesh/consul.ts'
import { createDiscovery } from '../../src/mesh/discovery.ts'
import { registerInstance } from '../../src/mesh/registry.ts'
import { createLog } from '../../src/runtime/log.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import { moleculerFaults } from './moleculer.ts'
import type { FaultPeer, Kind } from './peer.ts'

const DEADLINE_MS = 2_000
/** Until callers have heard that an instance leaves. */
const DRAIN_MS = 1_000
const log = createLog({ service: 'bench', instance: 'bench-1', level: 'silent' })
const methodOf = (kind: Kind) => (kind === 'write' ? 'POST' : 'GET')

/** A `node:http` server that Consul knows; it leaves Consul first when it stops. */
const serve: FaultPeer['serve'] = async ({ service, name, port, consul: address }, next) => {
  let isLeaving = false
  const server = createServer((req, res) => {
    if (req.url === '/readyz') return void res.end()
    const { status, afterMs, fault } = next(req.url!.slice(1) as Kind)
    if (isLeaving) res.setHeader('connection', 'close')
    if (fault !== undefined) res.setHeader('lepton-fault', fault)
    const answer = () => res.writeHead(status).end(name)
    if (afterMs === 0) answer()
    else setTimeout(answer, afterMs)
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const taken = (server.address() as AddressInfo).port
  const consul = createConsulClient({ address })
  const where = { service, instance: name, address: '127.0.0.1', port: taken }
  const registration = await registerInstance({ consul, log, settings: { checkIntervalS: 1 }, ...where })
  return {
    port: taken,
    async stop() {
      isLeaving = true
      await Promise.all([registration.deregister(), delay(DRAIN_MS)])
      server.close()
      server.closeIdleConnections()
      await once(server, 'close')
    },
  }
}

const lepton: FaultPeer = {
  serve,
  async connect({ service, consul: address, ports }) {
    const consul = createConsulClient({ address })
    const query = { index: 0, waitS: 0, timeoutMs: 1_000 }
    // Instances that come one after the other would be newcomers, with a small share for half a minute.
    await until(
      'all are found',
      async () => (await consul.health(service, query)).instances.length === ports.length,
    )
    const metrics = createMetrics()
    const stateDir = await mkdtemp(join(tmpdir(), 'lepton-faults-'))
    const discovery = createDiscovery({ consul, stateDir, log, metrics })
    const client = createMeshClient({ discovery, log, metrics, settings: { deadlineMs: DEADLINE_MS } })
    client.watch(service)
    return {
      async call(kind) {
        const request = { service, operation: kind, method: methodOf(kind), path: `/${kind}` } as const
        return (await client.request(request)).status
      },
      async close() {
        await Promise.all([client.close(), discovery.close()])
        await consul.close()
      },
    }
  },
}

/** The same servers, by their addresses: it knows no registry, no deadline for a request, and no second try. */
const balancedPool: FaultPeer = {
  serve,
  connect({ ports }) {
    const origins = ports.map((port) => `http://127.0.0.1:${port}`)
    const pool = new BalancedPool(origins, { connections: 64, pipelining: 1 })
    return Promise.resolve({
      async call(kind) {
        const signal = AbortSignal.timeout(DEADLINE_MS)
        // BalancedPool takes the origin of its own choice.
        const request = { origin: origins[0]!, method: methodOf(kind), path: `/${kind}`, signal } as const
        const { statusCode, body } = await pool.request(request)
        await body.dump()
        return statusCode
      },
      close: () => pool.destroy(),
    })
  },
}

export const PEERS = {
  Lepton: lepton,
  'undici BalancedPool': balancedPool,
  'Moleculer, resilience': moleculerFaults,
} satisfies Record<string, FaultPeer>

export type FaultPeerName = keyof typeof PEERS
