import { join, resolve } from 'node:path'
import { createDatabases, ownerUrl } from '@lepton/setup/databases'
import { createSecrets } from '@lepton/setup/keys'
import { createAllTopics } from '@lepton/setup/topics'
import { CannotStart } from './cannot-start.ts'
import { runOrThrow } from './command.ts'
import { readConfig } from './config.ts'
import { deregisterAll } from './consul.ts'
import { createFleet, type Fleet } from './fleet.ts'
import { startGuard } from './guard.ts'
import { rotateLogs } from './log-file.ts'
import { createPortChooser } from './ports.ts'
import { placeProbeOrder } from './probe.ts'
import type { ServerDeps } from './server.ts'
import { createServers, type Servers } from './servers.ts'
import {
  DEFAULT_INSTANCES,
  entryOf,
  environmentOf,
  nodeOf,
  SERVICES,
  type ServiceContext,
} from './services.ts'
import type { Progress, Shop, ShopOptions } from './shop-types.ts'
import { openState, type State } from './state.ts'
import {
  SupervisedProcess,
  type ProcessEvent,
  type ProcessSpec,
  type Supervision,
} from './supervised-process.ts'

const DEFAULT_GATEWAY_PORT = 8080
const SERVICE_STOP_TIMEOUT_MS = 9_200
const STOP_TIMEOUT_MS = 9_800
const MIN_SERVER_STOP_TIMEOUT_MS = 400
const PROBE_TIMEOUT_MS = 45_000
const SEED_TIMEOUT_MS = 60_000
const LOG_CHECK_INTERVAL_MS = 10_000
const LOG_MAX_BYTES = 10_000_000

const SUPERVISION: Supervision = {
  backoff: { firstDelayMs: 100, maxDelayMs: 10_000, resetAfterMs: 20_000 },
  readyPollMs: 40,
  readyTimeoutMs: 60_000,
  maxEarlyExits: 5,
}

/**
 * Brings up a whole shop and resolves when a probe order went through it (or every instance is ready, without probe).
 *
 * Everything it started is ended when a step fails, when `signal` is aborted meanwhile, and when this process dies.
 */
export async function startShop(options: ShopOptions): Promise<Shop> {
  const failed = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal
  const report = options.onProgress ?? (() => undefined)
  const state = await openState(resolve(options.stateDir), { isFresh: options.isFresh ?? false })
  const launch = prepare(options, state, report, signal)
  try {
    return await bringUp(launch)
  } catch (error) {
    failed.abort(error)
    await launch.stop()
    throw error
  }
}

type Launch = ReturnType<typeof prepare>

function prepare(
  options: ShopOptions,
  state: State,
  report: (progress: Progress) => void,
  signal: AbortSignal,
) {
  const config = options.config ?? readConfig()
  const ports = createPortChooser(state.ports)
  const logs = state.folder('logs')
  const logFile = (name: string) => join(logs, `${name}.log`)
  const stopGuard = startGuard(state.pidsFile)
  const rotation = setInterval(() => rotateLogs(logs, LOG_MAX_BYTES), LOG_CHECK_INTERVAL_MS)
  rotation.unref()

  const deps: ServerDeps = {
    config,
    state,
    ports,
    signal,
    logFile,
    useDefaultPorts: options.useDefaultPorts ?? false,
    note: (message) => report({ type: 'note', message }),
  }
  const parts: { fleet?: Fleet; onChange?: () => void } = {}

  function supervise(spec: ProcessSpec): SupervisedProcess {
    if (stopped) throw new Error(`${spec.name} is not started: the shop stops`)
    const process = new SupervisedProcess(spec, SUPERVISION, (event) => {
      record(state, spec.name, event)
      if (event.type === 'crashed') report({ ...event, name: spec.name, logFile: spec.logFile })
      if (event.type === 'ready' && process.restarts > 0) {
        report({ type: 'recovered', name: spec.name, afterMs: event.afterMs })
      }
      parts.onChange?.()
    })
    return process
  }

  let stopped: Promise<void> | undefined
  const servers: Servers = createServers(deps, supervise)

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
    await parts.fleet?.stop()
    await servers.stop(Math.max(MIN_SERVER_STOP_TIMEOUT_MS, STOP_TIMEOUT_MS - (Date.now() - began)))
    clearInterval(rotation)
    parts.onChange = () => undefined
    stopGuard()
    state.release()
  }

  return {
    options,
    state,
    config,
    ports,
    logFile,
    signal,
    deps,
    servers,
    supervise,
    step,
    parts,
    stop: () => (stopped ??= stopAll()),
  }
}

async function bringUp(launch: Launch): Promise<Shop> {
  const { options, state, config, ports, servers, step, parts, signal } = launch
  const useDefaults = options.useDefaultPorts ?? false
  const gatewayPort = await ports.choose('gateway-1', useDefaults ? DEFAULT_GATEWAY_PORT : undefined)
  const pspPort = await ports.choose('psp-1')
  const secrets = createSecrets(state.folder('secrets'))
  const counts = { ...DEFAULT_INSTANCES, ...options.instances }

  const addresses = { postgres: '', kafka: '', consul: '' }
  const context: ServiceContext = {
    root: options.root,
    inherited: config.inherited,
    servers: addresses,
    secrets,
    gatewayPort,
    pspPort,
    stateDirOf: (instance) => state.folder('instances', instance),
    settings: options.env ?? {},
  }

  await Promise.all([
    (async () => {
      const server = await step(titleOf, () => servers.start('postgres'))
      addresses.postgres = server.address
      await step('databases', () => createDatabases(server.address, secrets.databasePasswords))
    })(),
    (async () => {
      const server = await step(titleOf, () => servers.start('kafka'))
      addresses.kafka = server.address
      await step('topics', () => createAllTopics(server.address.split(',')))
    })(),
    (async () => {
      const server = await step(titleOf, () => servers.start('consul'))
      addresses.consul = server.address
      if (server.spec) await deregisterAll(server.address)
    })(),
  ])
  state.savePorts(ports.chosen())
  await step('catalogue', () => seed(context, signal))

  const fleet = createFleet({
    context,
    supervise: launch.supervise,
    logFile: launch.logFile,
    stopTimeoutMs: SERVICE_STOP_TIMEOUT_MS,
    portOf: async (service, instance) =>
      service === 'gateway' || service === 'psp' ? ports.choose(instance) : 0,
  })
  parts.fleet = fleet
  await step(`${Object.values(counts).reduce((sum, count) => sum + count, 0)} instances`, () =>
    Promise.all(
      SERVICES.flatMap((service) => Array.from({ length: counts[service] }, () => fleet.add(service))),
    ),
  )
  const shop = createShop(launch, context, fleet)
  if (options.probe ?? true) {
    await step('probe order COMPLETED', () => placeProbeOrder(shop.urls.gateway, PROBE_TIMEOUT_MS, signal))
  }
  state.savePorts(ports.chosen())
  parts.onChange = coalesce(() => state.writeRun(describe(shop)))
  parts.onChange()
  return shop
}

function createShop(launch: Launch, context: ServiceContext, fleet: Fleet): Shop {
  const { servers, state } = launch
  const gateway = `http://127.0.0.1:${context.gatewayPort}`
  return {
    urls: {
      gateway,
      api: `${gateway}/api/v1`,
      docs: `${gateway}/api/docs`,
      consul: context.servers.consul,
      psp: `http://127.0.0.1:${context.pspPort}`,
    },
    stateDir: state.dir,
    brokers: context.servers.kafka,
    databaseUrl: (owner) =>
      ownerUrl(context.servers.postgres, owner, context.secrets.databasePasswords[owner]),
    operatorSecretFile: context.secrets.operatorSecretFile,
    instances: fleet.list,
    servers: servers.list,
    add: fleet.add,
    remove: async (instance) => {
      await fleet.remove(instance)
      launch.parts.onChange?.()
    },
    restart: (instance) => fleet.process(instance).restart(SERVICE_STOP_TIMEOUT_MS),
    kill: (instance, signal = 'SIGKILL') => fleet.process(instance).signal(signal),
    pause: (instance) => fleet.process(instance).pause(),
    resume: (instance) => fleet.process(instance).resume(),
    ready: async (instance) => {
      const names = instance === undefined ? fleet.list().map((info) => info.instance) : [instance]
      await Promise.all(names.map((name) => fleet.process(name).ready()))
    },
    killServer: (name, signal = 'SIGKILL') => servers.process(name).signal(signal),
    pauseServer: (name) => servers.process(name).pause(),
    resumeServer: (name) => servers.process(name).resume(),
    restartServer: (name) => servers.process(name).restart(SERVICE_STOP_TIMEOUT_MS),
    serverReady: (name) => servers.process(name).ready(),
    stop: launch.stop,
  }
}

/** What other programs may know of the running shop; the file is readable by its owner only. */
function describe(shop: Shop) {
  return {
    pid: process.pid,
    urls: shop.urls,
    operator_secret_file: shop.operatorSecretFile,
    servers: shop.servers(),
    instances: shop.instances(),
  }
}

async function seed(context: ServiceContext, signal: AbortSignal) {
  const env = environmentOf({ service: 'inventory', instance: 'inventory-seed', port: 0 }, context)
  const command = [nodeOf(context.root), entryOf(context.root, 'inventory', 'seed')]
  try {
    await runOrThrow(command, { cwd: context.root, env, timeoutMs: SEED_TIMEOUT_MS, signal })
  } catch (error) {
    signal.throwIfAborted()
    throw new CannotStart(`The catalogue could not be seeded: ${(error as Error).message}`)
  }
}

function record(state: State, name: string, event: ProcessEvent) {
  if (event.type === 'spawned') state.recordProcess(event.pid, event.deathSignal, name)
  if (event.type === 'exited') state.forgetProcess(event.pid)
}

function titleOf({ title, address }: { title: string; address: string }): string {
  return `${title} on ${address.replace(/^.*@|^https?:\/\//, '').replace(/\/.*$/, '')}`
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort, { once: true })
  return Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', onAbort))
}

function coalesce(work: () => void): () => void {
  let isPlanned = false
  return () => {
    if (isPlanned) return
    isPlanned = true
    setImmediate(() => {
      isPlanned = false
      work()
    })
  }
}
