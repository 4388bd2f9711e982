import { newId } from '../runtime/id.ts'
import { Mesh, type MeshOptions, type Received, type Sent } from './mesh.ts'
import type { PairFigures } from './monitor.ts'
import { POLICY_NAMES, type PolicyName } from './policies/by-name.ts'

/** One call: it waits for its place, is executed by an instance, and ends. */
export interface Task {
  id: string
  service: string
  state: 'waiting' | 'running' | 'done' | 'failed'
  /** The instance that executed it. */
  endpoint: string | undefined
  waitedMs: number
  tookMs: number
  answer: Received | undefined
}

export interface LightsubOptions extends MeshOptions {
  /** Tasks that run at once, and those that may wait for a place; more are refused. */
  maxRunning?: number
  maxWaiting?: number
}

/**
 * The parts of the mesh as a system of tasks. The scheduler says when a task runs and by which policy an instance is
 * chosen for it; the executor sends it; the monitor counts how it went, and what it saw is what the policies choose by.
 */
export class Lightsub {
  readonly #name: string
  readonly #mesh: Mesh
  readonly #maxRunning: number
  readonly #maxWaiting: number
  readonly #waiting: (() => void)[] = []
  #running = 0
  #policy: PolicyName = 'load'

  constructor({ maxRunning = 64, maxWaiting = 1_000, ...options }: LightsubOptions) {
    this.#name = options.name
    this.#mesh = new Mesh(options)
    this.#maxRunning = maxRunning
    this.#maxWaiting = maxWaiting
  }

  addService(service: string): this {
    this.#mesh.addService(service)
    return this
  }

  /** By `load`, `latency`, `availability`, or any other policy's name. */
  setScheduler(policy: PolicyName): this {
    this.#mesh.setConnector(policy)
    this.#policy = policy
    return this
  }

  start(): Promise<void> {
    return this.#mesh.start()
  }

  stop(): Promise<void> {
    return this.#mesh.stop()
  }

  /**
   * Runs a call as a task. The task that comes back is done; a fault of it is thrown.
   *
   * @throws Unavailable when no instance answers in time
   * @throws RangeError where as many tasks wait as may
   */
  async call(service: string, request: Sent): Promise<Task> {
    const task: Task = {
      id: newId(),
      service,
      state: 'waiting',
      endpoint: undefined,
      waitedMs: 0,
      tookMs: 0,
      answer: undefined,
    }
    const askedMs = performance.now()
    await this.scheduler.place()
    task.waitedMs = performance.now() - askedMs
    task.state = 'running'
    try {
      return await this.executor.run(task, request)
    } finally {
      this.scheduler.free()
    }
  }

  /** When a task runs, and how an instance is chosen. */
  get scheduler() {
    return {
      policy: this.#policy,
      policies: POLICY_NAMES,
      running: this.#running,
      waiting: this.#waiting.length,
      place: (): Promise<void> => this.#place(),
      free: (): void => this.#free(),
    }
  }

  /** Sends tasks to instances. */
  get executor() {
    return {
      run: async (task: Task, request: Sent): Promise<Task> => {
        const startedMs = performance.now()
        try {
          task.answer = await this.#mesh.sendRequest(this.#name, task.service, request)
          task.endpoint = task.answer.endpoint
          task.state = 'done'
          return task
        } catch (error) {
          task.state = 'failed'
          throw error
        } finally {
          task.tookMs = performance.now() - startedMs
        }
      },
    }
  }

  /** What calls experience, over the last minute. */
  get monitor() {
    return {
      service: (service: string): PairFigures => this.#mesh.monitor.pair(this.#name, service),
      services: (): string[] => this.#mesh.monitor.targets(),
    }
  }

  get control() {
    return this.#mesh.control
  }

  #place(): Promise<void> {
    if (this.#running < this.#maxRunning) {
      this.#running += 1
      return Promise.resolve()
    }
    if (this.#waiting.length >= this.#maxWaiting)
      return Promise.reject(new RangeError(`${this.#maxWaiting} tasks wait: more are refused`))
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #free(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running -= 1
    else next()
  }
}
