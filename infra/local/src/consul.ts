import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { consulGuard, createConsulSecrets } from '@lepton/setup/consul-secrets'
import { CannotStart } from './cannot-start.ts'
import { findConsul } from './consul-source.ts'
import type { Server, ServerDeps } from './server.ts'

const DEFAULT_PORT = 8500
const GUARD = 'acl.json'
const ANSWER_TIMEOUT_MS = 2_000
const NO_CONNECT = 'Connect must be enabled'
const MAX_CONNECTIONS_PER_CLIENT = 2_000

/** What every agent of Consul is started with here. */
export const CONSUL_SETTINGS = [
  'performance { raft_multiplier = 1 }',
  'disable_update_check = true',
  // The authority whose certificates the services show each other.
  'connect { enabled = true }',
  // An answer that has no room in a datagram says so, and is asked for again over TCP: else it lacks instances.
  'dns_config { enable_truncate = true }',
  `limits { http_max_conns_per_client = ${MAX_CONNECTIONS_PER_CLIENT} }`,
].flatMap((setting) => ['-hcl', setting])

/** Where Consul is or will be: known before it runs, so that others can be configured. */
export async function consulAddress({ config, ports, useDefaultPorts }: ServerDeps): Promise<string> {
  const port = () => ports.choose('consul', useDefaultPorts ? DEFAULT_PORT : undefined)
  return config.given.consulHttpAddr ?? `http://127.0.0.1:${await port()}`
}

/** Consul as it was given, or a server of one below the state directory, ready to be started. */
export async function prepareConsul(deps: ServerDeps): Promise<Server> {
  const { consulHttpAddr } = deps.config.given
  if (consulHttpAddr !== undefined) {
    if (!(await hasLeader(consulHttpAddr))) {
      throw new CannotStart(
        `Consul at ${consulHttpAddr} (CONSUL_HTTP_ADDR) does not answer or has no leader.`,
      )
    }
    if (!isLoopback(new URL(consulHttpAddr).hostname)) {
      deps.note(
        'Consul, as given, is on another machine: it cannot check instances at 127.0.0.1 and calls them critical',
      )
    }
    return { name: 'consul', title: 'Consul, as given', address: consulHttpAddr }
  }

  const { file, version, origin } = await findConsul(deps)
  const address = await consulAddress(deps)
  const folder = deps.state.folder('consul')
  // The instances register again at each start, and one version cannot read what a newer one has written.
  const data = `data-${version}`
  for (const name of readdirSync(folder))
    if (name !== data && name !== GUARD) rmSync(join(folder, name), { recursive: true })
  const guard = deps.isGuarded === true ? writeGuard(folder, version, deps) : []
  const args = [
    ...['agent', '-server', '-bootstrap-expect=1', '-ui', '-node=lepton', '-log-level=warn'],
    ...['-data-dir', join(folder, data), '-client', '127.0.0.1', '-bind', '127.0.0.1'],
    ...['-http-port', new URL(address).port, '-dns-port', String(await deps.ports.choose('consul-dns'))],
    ...['-server-port', String(await deps.ports.choose('consul-server'))],
    ...['-serf-lan-port', String(await deps.ports.choose('consul-serf')), '-serf-wan-port', '-1'],
    ...unusedPorts(version),
    ...CONSUL_SETTINGS,
    ...guard,
  ]
  return {
    name: 'consul',
    title: `Consul ${version}, ${origin}`,
    address,
    wipeable: join(folder, data),
    spec: {
      name: 'consul',
      command: [file, ...args],
      env: deps.config.inherited,
      cwd: folder,
      logFile: deps.logFile('consul'),
      deathSignal: 'KILL',
      stopSignal: 'SIGTERM',
      isReady: () => hasLeader(address),
    },
  }
}

/** In a file of its own: arguments can be read by every user of the machine. */
function writeGuard(folder: string, version: string, { state }: ServerDeps): string[] {
  const { consulManagementToken } = createConsulSecrets(state.folder('secrets'))
  const file = join(folder, GUARD)
  writeFileSync(file, JSON.stringify(consulGuard(consulManagementToken, version)), { mode: 0o600 })
  return ['-config-file', file]
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** Ports the shop has no use for; a version refuses flags that it does not know. */
export function unusedPorts(version: string): string[] {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return ['-grpc-port', '-1', ...(major > 1 || minor >= 14 ? ['-grpc-tls-port', '-1'] : [])]
}

async function hasLeader(address: string): Promise<boolean> {
  try {
    const response = await fetch(`${address}/v1/status/leader`, {
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    })
    return response.ok && (await response.text()).length > 2
  } catch {
    return false
  }
}

/**
 * Whether Consul has an authority of its own, whose certificates services can show each other.
 *
 * @throws CannotStart where it does not say: without TLS by mistake, everything would be open
 */
export async function hasAuthority(address: string): Promise<boolean> {
  const path = '/v1/agent/connect/ca/roots'
  try {
    const response = await fetch(`${address}${path}`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })
    if (response.ok) return true
    const text = await response.text()
    if (text.includes(NO_CONNECT)) return false
    throw new Error(`it answers ${response.status} ${text.trim().slice(0, 200)}`)
  } catch (error) {
    const { message, cause } = error as { message: string; cause?: { message?: string } }
    const why = cause?.message ?? message
    throw new CannotStart(
      `Consul at ${address} (CONSUL_HTTP_ADDR) does not say whether Connect is enabled: ${why}. ` +
        '--set all.MESH_TLS=off starts the shop without TLS.',
    )
  }
}

export interface Registration {
  id: string
  service: string
  instance: string
  address: string
  port: number
  /** Where its health and metrics are, which customers do not reach. */
  opsUrl?: string
}

/** What is registered with the agent, and the token may see, of services that name their instance. */
export async function listRegistrations(address: string, token?: string): Promise<Registration[]> {
  const response = await fetch(`${address}/v1/agent/services`, {
    headers: token === undefined ? {} : { 'x-consul-token': token },
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  })
  if (!response.ok) throw new Error(`Consul answers ${response.status}`)
  const services = (await response.json()) as Record<string, AgentService>
  return Object.entries(services).flatMap(([id, { Service, Address, Port, Meta }]) => {
    const instance = Meta?.['instance']
    if (instance === undefined) return []
    const { ops_address, ops_port } = Meta ?? {}
    const opsUrl = ops_port === undefined ? undefined : `http://${ops_address}:${ops_port}`
    return [{ id, service: Service, instance, address: Address, port: Port, ...(opsUrl && { opsUrl }) }]
  })
}

/** Takes instances of an earlier run off the list, before callers are sent to them. */
export async function deregisterAll(address: string, token: string): Promise<void> {
  for (const { id } of await listRegistrations(address)) {
    await fetch(`${address}/v1/agent/service/deregister/${encodeURIComponent(id)}`, {
      method: 'PUT',
      headers: { 'x-consul-token': token },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    })
  }
}

interface AgentService {
  Service: string
  Address: string
  Port: number
  Meta?: Record<string, string>
}
