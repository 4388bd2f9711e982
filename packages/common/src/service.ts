import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { RequestListener } from 'node:http'
import { createSigner, createVerifier, SHOP_AUDIENCE, type Signer, type Verify } from './http/auth.ts'
import { followSettings } from './follow-settings.ts'
import type { InstanceSettings } from './settings.ts'
import { createStreams, type Streams } from './http/event-stream.ts'
import { createInboundLimit, type InboundLimit } from './http/inbound-limit.ts'
import { startOpsListener } from './http/ops-listener.ts'
import { createConsulClient } from './mesh/consul.ts'
import { ConfigError } from './runtime/config.ts'
import { injectFaults } from './runtime/fault-injection.ts'
import type { Part } from './runtime/lifecycle.ts'
import { createLog, type Log } from './runtime/log.ts'
import { startTraces } from './traces.ts'
import { createMeshClient, type MeshClient } from './mesh/client.ts'
import { type Control, createControl } from './mesh/control/control.ts'
import { chooseDiscovery } from './mesh/choose-discovery.ts'
import { registerInstance } from './mesh/registry.ts'
import { isEveryInterface, ownAddress } from './mesh/own-address.ts'
import { meshDefaults } from './mesh/settings.ts'
import { createSecurity, tlsChoice } from './mesh/tls/security.ts'
import { createMetrics, type Metrics } from './runtime/metrics.ts'
import { createSnapshots } from './http/take-snapshot.ts'
import { closeServer, onStop, startServer } from './http/server.ts'
import { startMoreTransports } from './http/more-transports.ts'

/** What every instance has, whatever its service does. */
export interface Instance {
  service: string
  /** `order-1`: unique among the running instances. */
  name: string
  log: Log
  metrics: Metrics
  verify: Verify
  signer: Signer
  mesh: MeshClient
  /** Settings that change while it runs, its own mesh's and others. */
  control: Control
  /** Bounds what the instance takes in. */
  inbound: InboundLimit
  /** Bounds its event streams, and ends them when it stops. */
  streams: Streams
  isReady: () => boolean
}

export interface Running {
  app: RequestListener
  /** In the order they were started; stopped in reverse, after the last request. */
  parts: readonly Part[]
}

/** An instance that has no certificate by then starts without, and takes no calls until it has one. */
const CERTIFICATE_MS = 5_000

/**
 * Runs one instance of a service until a stop request.
 *
 * Started in order: what `start` returns, the listener, the registration. It takes traffic from the
 * moment it is registered. On SIGTERM, SIGINT or an uncaught fault it goes the way back: it leaves
 * the registry and answers on with `Connection: close` while callers learn of it, finishes what is in
 * flight, then stops its parts. After 9 s it ends whatever is left.
 */
export async function runService(
  service: string,
  settings: InstanceSettings,
  start: (instance: Instance) => Promise<Running>,
  /** Whether customers reach the listener, with their own tokens: health is answered on the other one alone then. */
  { isPublic = false } = {},
): Promise<void> {
  injectFaults(service, settings)
  const log = createLog({ service, instance: settings.INSTANCE, level: settings.LOG_LEVEL })
  const metrics = createMetrics({ service })
  const traces = await startTraces(service, settings, log)
  const consul = createConsulClient({
    address: settings.CONSUL_HTTP_ADDR,
    tokenFile: settings.CONSUL_TOKEN_FILE,
  })
  const choice = tlsChoice(settings)
  const from = { consul, dns: dnsOf(settings), isSecure: choice !== undefined }
  const discovery = chooseDiscovery(from, { stateDir: settings.STATE_DIR, log, metrics })
  const acceptsPlain = settings.MESH_TLS_PLAIN === 'accept'
  const security =
    choice &&
    createSecurity(choice, { consul, service, stateDir: settings.STATE_DIR, log, metrics, acceptsPlain })
  const control = createControl({ consul, caller: service, stateDir: settings.STATE_DIR, log, metrics })
  const place = { zone: settings.ZONE, region: settings.REGION }
  const meshSettings = {
    policy: settings.MESH_POLICY,
    transportName: settings.MESH_TRANSPORT,
    balancer: { ...meshDefaults.balancer, locality: { ...meshDefaults.balancer.locality, ...place } },
  }
  const identity = security?.identity
  const mesh = createMeshClient({ discovery, identity, control, log, metrics, settings: meshSettings })
  const address =
    settings.ADVERTISE_HOST?.replace('{hostname}', hostname()) ??
    (await ownAddress(settings.HOST, settings.CONSUL_HTTP_ADDR))
  let isOpen = false
  // What customers reach takes their requests once it knows where to send them: another instance may know.
  const isReady = () => isOpen && (!isPublic || mesh.isInformed())
  const instance: Instance = {
    service,
    name: settings.INSTANCE,
    log,
    metrics,
    verify: createVerifier({
      jwksFile: settings.JWKS_FILE,
      audience: service,
      also: isPublic || settings.TOKEN_AUDIENCE !== 'own' ? [SHOP_AUDIENCE] : [],
    }),
    signer: createSigner({
      issuer: service,
      jwk: settings.JWT_KEY_FILE,
      isShopWide: settings.TOKEN_AUDIENCE === 'shop',
    }),
    mesh,
    control,
    inbound: createInboundLimit({
      metrics,
      settings: {
        initial: settings.INBOUND_INITIAL,
        min: settings.INBOUND_MIN,
        max: settings.INBOUND_MAX,
        targetMs: settings.INBOUND_QUEUE_MS,
      },
    }),
    streams: createStreams({ max: settings.MAX_STREAMS, metrics, name: service }),
    isReady,
  }
  followSettings(control, {
    log,
    inbound: instance.inbound,
    logLevel: settings.LOG_LEVEL,
    sampleRatio: settings.TRACE_SAMPLE_RATIO,
  })
  let stop: () => Promise<void> = async () => {}
  onStop(settings, log, () => stop())

  const { app, parts } = await start(instance)
  await security?.ready(CERTIFICATE_MS)
  // Customers reach the gateway by HTTP/1.1 alone, and show no certificate.
  const inside = isPublic ? undefined : security
  const guarded = inside?.guard(app) ?? app
  const { server, port } = await startServer(guarded, settings, inside?.identity.server)
  const more = isPublic ? undefined : await startMoreTransports(guarded, settings, inside?.identity.server)
  const { OPS_HOST: host, OPS_PORT } = settings
  const take = createSnapshots({
    service,
    instance: settings.INSTANCE,
    metrics,
    look: () => mesh.look(),
  })
  const snapshots = { take, spansOf: traces.of, verify: instance.verify }
  const ops = await startOpsListener({
    host,
    port: OPS_PORT,
    name: settings.INSTANCE,
    metrics,
    isReady,
    snapshots,
  })
  isOpen = true
  const opsAddress = isEveryInterface(host) ? address : host
  const registration = await registerInstance({
    consul,
    log,
    service,
    instance: settings.INSTANCE,
    address,
    port: settings.ADVERTISE_PORT ?? port,
    meta: {
      ops_address: opsAddress,
      ops_port: String(ops.port),
      ...more?.meta,
      ...inside?.meta,
      ...said({ ...place, version: settings.VERSION }),
    },
    // Consul's check shows no certificate.
    ...((isPublic || inside) && { check: { address: opsAddress, port: ops.port } }),
  })
  log.info({ port, ops_port: ops.port }, 'ready')

  stop = async () => {
    isOpen = false
    instance.streams.stop()
    await Promise.all([registration.deregister(1_000), delay(settings.DRAIN_MS)])
    await Promise.all([closeServer(server), more?.close()])
    for (const part of parts.toReversed()) {
      await part.stop().catch((error: unknown) => log.warn({ err: error }, 'a part did not stop cleanly'))
    }
    await mesh.close()
    await Promise.all([control.close(), discovery.close(), security?.close()])
    await consul.close()
    instance.inbound.stop()
    ops.server.closeAllConnections()
    await closeServer(ops.server)
    await traces.stop()
  }
}

function dnsOf({ MESH_DISCOVERY, CONSUL_DNS_ADDR }: InstanceSettings): string | undefined {
  if (MESH_DISCOVERY === 'http') return undefined
  if (CONSUL_DNS_ADDR === undefined) throw new ConfigError('MESH_DISCOVERY=dns needs CONSUL_DNS_ADDR')
  return CONSUL_DNS_ADDR
}

/** Without what has no value. */
function said(values: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
