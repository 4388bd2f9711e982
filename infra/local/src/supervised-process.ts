import type { ChildProcess } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { equalJitterMs } from '@lepton/common/runtime/backoff'
import { within } from '@lepton/common/runtime/wait'
import { CannotStart } from './cannot-start.ts'
import { lastLines } from './log-file.ts'
import { descendants, signalIfThere } from './process-info.ts'
import type { ProcessEvent, ProcessSpec, ProcessStatus, Supervision } from './process-spec.ts'
import { spawnProcess } from './spawn-process.ts'

interface Exit {
  reason: string
  ranMs: number
  wasReady: boolean
}

/** A process that is started again, with back-off, whenever it ends without a stop request. */
export class SupervisedProcess {
  readonly spec: ProcessSpec
  status: ProcessStatus = 'stopped'
  restarts = 0
  #supervision: Supervision
  #onEvent: (event: ProcessEvent) => void
  #child: ChildProcess | undefined
  #stop = new AbortController()
  #ready = Promise.withResolvers<unknown>()
  #wasEverReady = false
  #loop: Promise<void> = Promise.resolve()
  #pausedPids: number[] = []
  #isUp = false

  constructor(spec: ProcessSpec, supervision: Supervision, onEvent: (event: ProcessEvent) => void) {
    this.spec = spec
    this.#supervision = supervision
    this.#onEvent = onEvent
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Begins to run it; resolves when it is ready for the first time. */
  async start(): Promise<void> {
    if (!isOver(this.status)) throw new CannotStart(`${this.spec.name} runs already.`)
    this.#stop = new AbortController()
    this.#expectReady()
    this.#wasEverReady = false
    this.status = 'starting'
    this.#loop = this.#run()
    await this.ready()
  }

  /** Resolves when it is ready (again); rejects when it was given up or takes longer than `timeoutMs`. */
  async ready(timeoutMs = this.#supervision.readyTimeoutMs): Promise<void> {
    const ready = this.#ready.promise.then(() => true)
    if (await within(timeoutMs, ready, false)) return
    throw new CannotStart(`${this.spec.name} was not ready after ${timeoutMs / 1000} s.${this.#logTail()}`)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** Stops it in its tracks, with everything it started: it keeps its connections and answers nothing. */
  pause(): void {
    if (this.pid === undefined || this.status === 'paused') return
    this.#pausedPids = [this.pid, ...descendants(this.pid)]
    for (const pid of this.#pausedPids) signalIfThere(pid, 'SIGSTOP')
    this.status = 'paused'
    this.#onEvent({ type: 'paused', below: this.#pausedPids.slice(1) })
  }

  resume(): void {
    this.#letGo()
    if (this.status === 'paused') this.status = this.#isUp ? 'ready' : 'starting'
  }

  /** Ends it, by force after `timeoutMs`, and for good; true when force was not needed. */
  async stop(timeoutMs: number): Promise<boolean> {
    const child = this.#child
    this.resume()
    if (!isOver(this.status)) this.status = 'stopping'
    this.#stop.abort()
    this.#ready.reject(new CannotStart(`${this.spec.name} was stopped.`))
    child?.kill(this.spec.stopSignal)
    let isForced = false
    const force = setTimeout(() => {
      isForced = true
      child?.kill('SIGKILL')
    }, timeoutMs)
    await this.#loop
    clearTimeout(force)
    return !isForced
  }

  async restart(stopTimeoutMs: number): Promise<void> {
    await this.stop(stopTimeoutMs)
    await this.start()
  }

  #letGo() {
    if (this.#pausedPids.length === 0) return
    for (const pid of this.#pausedPids) signalIfThere(pid, 'SIGCONT')
    this.#onEvent({ type: 'resumed', below: this.#pausedPids.slice(1) })
    this.#pausedPids = []
  }

  async #run() {
    let attempt = 0
    while (!this.#stop.signal.aborted) {
      this.status = 'starting'
      const exit = await this.#runOnce()
      if (this.#stop.signal.aborted) break
      this.#expectReady(exit.wasReady)
      this.restarts += 1
      attempt = exit.ranMs >= this.#supervision.backoff.resetAfterMs ? 1 : attempt + 1
      if (!this.#wasEverReady && attempt > this.#supervision.maxEarlyExits) {
        this.status = 'failed'
        const often = `${this.spec.name} ended ${attempt} times before it was ready (${exit.reason}).`
        this.#ready.reject(new CannotStart(often + this.#logTail()))
        return
      }
      const restartInMs = Math.round(equalJitterMs(attempt - 1, this.#supervision.backoff, Math.random))
      this.status = 'backing_off'
      this.#onEvent({ type: 'crashed', reason: exit.reason, restartInMs })
      await delay(restartInMs, undefined, { signal: this.#stop.signal }).catch(() => undefined)
    }
    this.status = 'stopped'
  }

  /** Without memory, or room for its log, there is none now; there may be at the next try. */
  #spawn(): ChildProcess | Error {
    try {
      return spawnProcess(this.spec)
    } catch (error) {
      return error as Error
    }
  }

  async #runOnce(): Promise<Exit> {
    const began = Date.now()
    const child = this.#spawn()
    if (child instanceof Error) return { reason: child.message, ranMs: 0, wasReady: false }
    const ended = Promise.withResolvers<string>()
    const over = new AbortController()
    child.once('error', (error) => ended.resolve(error.message))
    child.once('exit', (code, signal) => ended.resolve(signal ?? `exit code ${code}`))
    this.#child = child
    const { pid } = child
    if (pid !== undefined) {
      this.#onEvent({ type: 'spawned', pid, deathSignal: this.spec.deathSignal })
    }

    let wasReady = false
    const watch = this.#untilReady(over.signal).then((isReady) => {
      if (!isReady || pid === undefined) return
      wasReady = true
      this.#wasEverReady = true
      this.#isUp = true
      this.status = 'ready'
      this.#ready.resolve(undefined)
      this.#onEvent({ type: 'ready', pid, afterMs: Date.now() - began })
    })
    const reason = await ended.promise
    over.abort()
    this.#child = undefined
    this.#isUp = false
    // It was killed while paused: what it started would stay stopped, and hold its memory and ports.
    this.#letGo()
    await watch
    if (pid !== undefined) this.#onEvent({ type: 'exited', pid })
    return { reason, ranMs: Date.now() - began, wasReady }
  }

  async #untilReady(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (this.status !== 'paused' && (await this.spec.isReady()) && !signal.aborted) return true
      await delay(this.#supervision.readyPollMs, undefined, { signal }).catch(() => undefined)
    }
    return false
  }

  /** A new promise of readiness, unless the current one is still open and may be awaited. */
  #expectReady(isSettled = true) {
    if (!isSettled) return
    this.#ready = Promise.withResolvers<unknown>()
    this.#ready.promise.catch(() => undefined)
  }

  #logTail(): string {
    const lines = lastLines(this.spec.logFile, 5)
    return lines.length === 0 ? '' : ` The end of ${this.spec.logFile}:\n${lines.join('\n')}`
  }
}

function isOver(status: ProcessStatus): boolean {
  return status === 'stopped' || status === 'failed'
}
