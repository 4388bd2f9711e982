import { Unavailable } from '../runtime/problem.ts'
import type { MeshRequest } from './client.ts'
import type { Control } from './control/control.ts'
import { createMonitor, type Monitor, type PairFigures } from './monitor.ts'
import { connectMesh, type MeshOptions, type MeshParts } from './parts.ts'
import { POLICY_NAMES, type PolicyName } from './policies/by-name.ts'

export type { MeshOptions } from './parts.ts'

/** A mesh that has no certificate by then starts without, and calls by TLS once it has one. */
const START_MS = 5_000

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
  #parts: MeshParts | undefined

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
    const parts = connectMesh(this.#options, { policy: this.#policy })
    this.#parts = parts
    for (const service of this.#services) parts.client.watch(service)
    await Promise.all([parts.control.ready, parts.security?.ready(START_MS)])
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
    await parts?.close()
  }

  #running(): MeshParts {
    if (this.#parts === undefined) throw new Unavailable('the mesh', { cause: new Error('call start first') })
    return this.#parts
  }
}
