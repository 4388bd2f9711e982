import { tmpdir } from 'node:os'
import { createLog } from '../runtime/log.ts'
import { createMetrics } from '../runtime/metrics.ts'
import { Unavailable } from '../runtime/problem.ts'
import { createMeshClient, type MeshClient, type MeshRequest } from './client.ts'
import { type ConsulClient, createConsulClient } from './consul.ts'
import { type Control, createControl } from './control/control.ts'
import { createDiscovery, type Discovery } from './discovery.ts'
import { createMonitor, type Monitor, type PairFigures } from './monitor.ts'
import { POLICY_NAMES, type PolicyName } from './policies/by-name.ts'

export interface MeshOptions {
  /** The service that this process is: settings of pairs and limits of callers go by it. */
  name: string
  /** Consul's HTTP address. */
  consul: string
  /** Holds the ACL token for Consul; read again when Consul refuses it. */
  tokenFile?: string
  /** Where the last known instances are kept, for a start while Consul is away. */
  stateDir?: string
  logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

export interface Sent {
  method: MeshRequest['method']
  path: string
  headers?: Record<string, string>
  body?: string | Buffer
  deadlineMs?: number
  key?: string
}

export interface Received {
  status: number
  headers: Record<string, string | string[] | undefined>
  /** The instance that answered. */
  endpoint: string
  text(): string
  json(): unknown
}

interface Parts {
  consul: ConsulClient
  discovery: Discovery
  client: MeshClient
  control: Control
}

/**
 * A mesh in one object. The data plane finds, balances, retries and breaks in this process; the control plane reads
 * settings from Consul's KV while it runs; the monitor counts what each pair of services experiences.
 *
 * It decides nothing itself: every part can be used on its own.
 */
export class Mesh {
  readonly #options: MeshOptions
  readonly #services = new Set<string>()
  readonly #monitor: Monitor = createMonitor()
  #policy: PolicyName = 'load'
  #parts: Parts | undefined

  constructor(options: MeshOptions) {
    this.#options = options
  }

  /** Watches a service from the start on, so that the registry may be away when it is first called. */
  addService(service: string): this {
    this.#services.add(service)
    this.#parts?.client.watch(service)
    return this
  }

  /**
   * How instances are chosen: `load_balancer` for the default, or the name of a policy. Settings in Consul go before it.
   *
   * @throws Error after `start`, or for a policy that there is none of
   */
  setConnector(connector: PolicyName | 'load_balancer'): this {
    if (this.#parts !== undefined) throw new Error('the connector is set before start; later by `control`')
    const policy = connector === 'load_balancer' ? 'load' : connector
    if (!POLICY_NAMES.includes(policy)) throw new Error(`the policies are ${POLICY_NAMES.join(', ')}`)
    this.#policy = policy
    return this
  }

  async start(): Promise<void> {
    const { name, consul: address, tokenFile, stateDir = tmpdir(), logLevel = 'warn' } = this.#options
    const log = createLog({ service: name, instance: name, level: logLevel })
    const metrics = createMetrics()
    const consul = createConsulClient({ address, tokenFile })
    const discovery = createDiscovery({ consul, stateDir, log, metrics })
    const control = createControl({ consul, caller: name, log, metrics })
    const settings = { policy: this.#policy }
    const client = createMeshClient({ discovery, control, log, metrics, settings })
    this.#parts = { consul, discovery, client, control }
    for (const service of this.#services) client.watch(service)
    await control.ready
  }

  /**
   * Sends a request from a service, which must be this process's, to an instance of another.
   *
   * @throws Unavailable when no instance answers in time
   */
  async sendRequest(from: string, to: string, request: Sent): Promise<Received> {
    if (from !== this.#options.name) throw new Error(`this mesh sends for ${this.#options.name}`)
    const { method, path, headers, body, deadlineMs, key } = request
    const startedMs = performance.now()
    let isError = true
    try {
      const answer = await this.#running().client.request({
        service: to,
        operation: method,
        method,
        path,
        ...(headers && { headers }),
        ...(body !== undefined && { body }),
        ...(deadlineMs !== undefined && { deadlineMs }),
        ...(key !== undefined && { key }),
      })
      isError = answer.status >= 500
      const text = () => answer.body.toString()
      const { status, endpoint } = answer
      return { status, headers: answer.headers, endpoint, text, json: () => JSON.parse(text()) as unknown }
    } finally {
      this.#monitor.record(to, performance.now() - startedMs, isError)
    }
  }

  /** The control plane: settings that every process of the mesh applies within a second. */
  get control(): Control {
    return this.#running().control
  }

  get monitor(): { pair(from: string, to: string): PairFigures; targets(): string[] } {
    return {
      pair: (_from, to) => this.#monitor.pair(to),
      targets: () => this.#monitor.targets(),
    }
  }

  async stop(): Promise<void> {
    const parts = this.#parts
    this.#parts = undefined
    if (parts === undefined) return
    await parts.client.close()
    await Promise.all([parts.control.close(), parts.discovery.close()])
    await parts.consul.close()
  }

  #running(): Parts {
    if (this.#parts === undefined) throw new Unavailable('the mesh', { cause: new Error('call start first') })
    return this.#parts
  }
}
