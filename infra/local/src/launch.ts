import { join, resolve } from 'node:path'
import { beginRestore, refuseHalfRestored, type Restore } from './backup/restore.ts'
import { CannotStart } from './cannot-start.ts'
import { readConfig, type LauncherConfig } from './config.ts'
import type { Fleet } from './fleet.ts'
import { startGuard } from './guard.ts'
import { rotateLogs } from './log-file.ts'
import { createPortChooser, type PortChooser } from './ports.ts'
import type { ServerDeps } from './server.ts'
import { createServers, type Servers } from './servers.ts'
import type { Progress, ShopOptions } from './shop-types.ts'
import { instancesOf } from './services.ts'
import { openState, type State } from './state.ts'
import type { ProcessEvent, ProcessSpec, Supervision } from './process-spec.ts'
import { SupervisedProcess } from './supervised-process.ts'
import { kafkaListeners } from './via.ts'

export const SERVICE_STOP_TIMEOUT_MS = 9_200
const STOP_TIMEOUT_MS = 9_800
const MIN_SERVER_STOP_TIMEOUT_MS = 400
const LOG_CHECK_INTERVAL_MS = 10_000
const LOG_MAX_BYTES = 10_000_000

const SUPERVISION: Supervision = {
  backoff: { baseMs: 100, maxMs: 10_000, resetAfterMs: 20_000 },
  readyPollMs: 40,
  readyTimeoutMs: 60_000,
  maxEarlyExits: 5,
}

/** What one run of the launcher holds: its state directory, its servers and, later, its instances. */
export interface Launch {
  options: ShopOptions
  signal: AbortSignal
  config: LauncherConfig
  state: State
  ports: PortChooser
  servers: Servers
  serverDeps: ServerDeps
  logFile: (name: string) => string
  supervise: (spec: ProcessSpec) => SupervisedProcess
  /** Does a part of the start, and reports how long it took. */
  step: <T>(title: string | ((result: T) => string), work: () => Promise<T>) => Promise<T>
  /** The instances that `stop` is to end before the servers. */
  fleet?: Fleet
  /** Called whenever a process starts, is ready or ends. */
  onChange: () => void
  stop: () => Promise<void>
}

/** Takes the state directory; nothing runs yet but what ends everything when this process dies. */
export async function createLaunch(options: ShopOptions, signal: AbortSignal): Promise<Launch> {
  const report = options.onProgress ?? (() => undefined)
  const note = (message: string) => {
    if (!signal.aborted) report({ type: 'note', message })
  }
  const state = await openState(resolve(options.stateDir), {
    isFresh: options.isFresh ?? false,
    warn: note,
  })
  const config = options.config ?? readConfig()
  const restore = await prepareRestore(options, state, config)
  const ports = createPortChooser(state.ports)
  const logs = state.folder('logs')
  const stopGuard = startGuard(state.pidsFile)
  const rotation = setInterval(() => rotateLogs(logs, LOG_MAX_BYTES), LOG_CHECK_INTERVAL_MS)
  rotation.unref()
  let stopped: Promise<void> | undefined

  const logFile = (name: string) => join(logs, `${name}.log`)
  const useDefaultPorts = options.useDefaultPorts ?? false
  const { via, instances = {} } = options
  // A Kafka that was given says by itself where it is.
  const doors =
    via === undefined || config.given.kafkaBrokers !== undefined
      ? []
      : await kafkaListeners(via, ports, (service) => instancesOf(service, instances))
  const serverDeps: ServerDeps = {
    config,
    state,
    ports,
    signal,
    logFile,
    useDefaultPorts,
    note,
    isGuarded: true,
    kafkaListeners: doors,
    ...(restore && { restore }),
  }
  const launch: Launch = {
    options,
    signal,
    config,
    state,
    ports,
    logFile,
    supervise,
    serverDeps,
    servers: createServers(serverDeps, supervise),
    step,
    onChange: () => undefined,
    stop: () => (stopped ??= stopAll()),
  }
  return launch

  function supervise(spec: ProcessSpec): SupervisedProcess {
    if (stopped) throw new Error(`${spec.name} is not started: the shop stops`)
    const process = new SupervisedProcess(spec, SUPERVISION, (event) => {
      record(state, spec.name, event)
      tell(report, process, event)
      launch.onChange()
    })
    return process
  }

  async function step<T>(title: string | ((result: T) => string), work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const began = performance.now()
    const result = await abortable(work(), signal)
    const name = typeof title === 'string' ? title : title(result)
    report({ type: 'done', step: name, tookMs: performance.now() - began })
    return result
  }

  async function stopAll() {
    const began = Date.now()
    await launch.fleet?.stop()
    await launch.servers.stop(Math.max(MIN_SERVER_STOP_TIMEOUT_MS, STOP_TIMEOUT_MS - (Date.now() - began)))
    clearInterval(rotation)
    stopGuard()
    state.release()
  }
}

/** Gives the state directory back where nothing can be started in it. */
async function prepareRestore(
  { restoreFrom }: ShopOptions,
  state: State,
  { given }: LauncherConfig,
): Promise<Restore | undefined> {
  try {
    if (restoreFrom === undefined) {
      refuseHalfRestored(state.dir)
      return undefined
    }
    const { adminDatabaseUrl, kafkaBrokers } = given
    if (adminDatabaseUrl !== undefined || kafkaBrokers !== undefined) {
      throw new CannotStart(
        '--restore makes a PostgreSQL and a Kafka of its own: unset DATABASE_URL, LEPTON_ADMIN_DATABASE_URL and KAFKA_BROKERS.',
      )
    }
    return await beginRestore(state, restoreFrom)
  } catch (error) {
    state.release()
    throw error
  }
}

function record(state: State, name: string, event: ProcessEvent) {
  if (event.type === 'spawned') state.recordProcess(event.pid, event.deathSignal, name)
  if (event.type === 'exited') state.forgetProcess(event.pid)
  // A paused process reacts to nothing: it has to be resumed before it can be ended.
  if (event.type === 'paused') for (const pid of event.below) state.recordProcess(pid, 'CONT', name)
  if (event.type === 'resumed') for (const pid of event.below) state.forgetProcess(pid)
}

function tell(
  report: (progress: Progress) => void,
  { spec, restarts }: SupervisedProcess,
  event: ProcessEvent,
) {
  if (event.type === 'crashed') report({ ...event, name: spec.name, logFile: spec.logFile })
  if (event.type === 'ready' && restarts > 0) {
    report({ type: 'recovered', name: spec.name, afterMs: event.afterMs })
  }
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort, { once: true })
  return Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', onAbort))
}
