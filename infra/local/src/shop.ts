import { join } from 'node:path'
import { loadConfig } from '@lepton/common/runtime/config'
import { type KafkaAccess, kafkaAccess, kafkaSettings } from '@lepton/events/kafka/settings'
import { republishAll } from '@lepton/setup/archives'
import { createConsulTokens } from '@lepton/setup/consul-tokens'
import { createDatabases } from '@lepton/setup/databases'
import { adminAccess, createKafkaUsers } from '@lepton/setup/kafka-users'
import { createSecrets } from '@lepton/setup/keys'
import { migrateAll } from '@lepton/setup/schemas'
import { hasCatalogue } from '@lepton/setup/catalogue'
import { createAllTopics } from '@lepton/setup/topics'
import { writeSettings } from './backup/restore.ts'
import { CannotStart } from './cannot-start.ts'
import { runOrThrow } from './command.ts'
import { consulAddress, deregisterAll, hasAuthority } from './consul.ts'
import { opsSocketPath } from './control.ts'
import { createFleet } from './fleet.ts'
import { kafkaAddress } from './kafka.ts'
import { createLaunch, SERVICE_STOP_TIMEOUT_MS, type Launch } from './launch.ts'
import { placeProbeOrder, probeOps } from './probe.ts'
import type { ServerName } from './server.ts'
import {
  instancesOf,
  entryOf,
  environmentOf,
  nodeOf,
  SERVICES,
  type ServiceContext,
  type ServiceName,
} from './services.ts'
import { createShop, describeShop } from './shop-control.ts'
import type { Shop, ShopOptions } from './shop-types.ts'

const DEFAULT_GATEWAY_PORT = 8080
const PROBE_TIMEOUT_MS = 45_000
const SEED_TIMEOUT_MS = 60_000
const BUILD_TIMEOUT_MS = 60_000

/**
 * Brings up a whole shop and resolves when a probe order went through it (or every instance is ready, without probe).
 *
 * Everything it started is ended when a step fails, when `signal` is aborted before it is ready, and when this process dies.
 */
export async function startShop(options: ShopOptions): Promise<Shop> {
  const failed = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal
  const launch = await createLaunch(options, signal)
  try {
    return await bringUp(launch)
  } catch (error) {
    failed.abort(error)
    await launch.stop()
    throw error
  }
}

async function bringUp(launch: Launch): Promise<Shop> {
  const { options, state, ports, step, signal } = launch
  const context = await createContext(launch)
  await Promise.all([startServers(launch, context), step('web app', () => buildWeb(context, signal))])
  launch.serverDeps.restore?.finish()
  state.savePorts(ports.chosen())

  const fleet = createFleet({
    context,
    supervise: launch.supervise,
    logFile: launch.logFile,
    stopTimeoutMs: SERVICE_STOP_TIMEOUT_MS,
    portOf: async (service, instance) =>
      service === 'gateway' || service === 'psp' || options.via !== undefined ? ports.choose(instance) : 0,
  })
  launch.fleet = fleet
  const start = (services: readonly ServiceName[]) =>
    step(
      () => `${fleet.list().length} instances`,
      async () => {
        await Promise.all(services.map((service) => fleet.add(service)))
      },
    )
  const { first, others } = inTurns(options)
  await start(first)
  const shop = createShop(launch, context, fleet)
  if (options.probe ?? true) {
    const probe = { gateway: shop.urls.gateway, timeoutMs: PROBE_TIMEOUT_MS, signal }
    const orderId = await step('probe order COMPLETED', () => placeProbeOrder(probe))
    const { operatorSecretFile } = shop
    await step('an operator sees it in every service', () => probeOps({ orderId, operatorSecretFile }, probe))
  }
  state.savePorts(ports.chosen())
  const writeRun = () => state.writeRun(describeShop(shop))
  // At once: a program that waits for the shop reads it when the shop is ready. Later changes come in bunches.
  writeRun()
  launch.onChange = coalesce(writeRun)
  const whole = others.length === 0 ? Promise.resolve() : start(others)
  // It is for the caller to hear of it; a stop ends it, too.
  whole.catch(() => undefined)
  return { ...shop, whole }
}

async function createContext({ options, state, config, ports, serverDeps }: Launch): Promise<ServiceContext> {
  const secrets = createSecrets(state.folder('secrets'))
  const brokers = await kafkaAddress(serverDeps)
  const { kafkaUser } = config.given
  return {
    root: options.root,
    inherited: config.inherited,
    servers: {
      // Its password is made with it.
      postgres: '',
      kafka: brokers,
      consul: await consulAddress(serverDeps),
    },
    secrets,
    kafka:
      kafkaUser === undefined
        ? adminAccess(brokers, secrets.kafkaAdminPasswords.setup)
        : givenAccess(brokers, kafkaUser),
    kafkaUser,
    consulTokenFile: config.given.consulTokenFile,
    isConsulGiven: config.given.consulHttpAddr !== undefined,
    gatewayPort: await ports.choose('gateway-1', options.useDefaultPorts ? DEFAULT_GATEWAY_PORT : undefined),
    pspPort: await ports.choose('psp-1'),
    meshTls: 'consul',
    opsSocket: opsSocketPath(state.dir),
    stateDirOf: (instance) => state.folder('instances', instance),
    settings: options.env ?? {},
    via: options.via,
    kafkaListeners: serverDeps.kafkaListeners,
  }
}

/** @throws CannotStart for a setting that is none */
function givenAccess(brokers: string, user: Record<string, string>): KafkaAccess {
  try {
    return kafkaAccess('setup', loadConfig(kafkaSettings, { KAFKA_BROKERS: brokers, ...user }))
  } catch (error) {
    throw new CannotStart((error as Error).message)
  }
}

async function startServers({ servers, serverDeps, step, signal }: Launch, context: ServiceContext) {
  const { restore } = serverDeps

  async function start(name: ServerName) {
    return step(titleOf, () => servers.start(name))
  }

  async function postgres() {
    const { address } = await start('postgres')
    context.servers.postgres = address
    await step('databases', () =>
      reasoned('The databases', createDatabases(address, context.secrets.databasePasswords)),
    )
    await step('schemas', () => reasoned('The schemas', migrateAll(address)))
    await step('catalogue', () => seed(context, signal))
    if (restore === undefined) return
    const cause = { who: 'launcher', reason: `restored from ${restore.backup.dir}` }
    await step(
      (events) => `${events} events to be published again`,
      () => republishAll(address, cause),
    )
  }

  async function kafka() {
    const { spec } = await start('kafka')
    if (spec)
      await step('users of Kafka', () =>
        reasoned('The users of Kafka', createKafkaUsers(context.kafka, context.secrets.kafkaPasswords)),
      )
    const { kafka } = context
    await step('topics', () => reasoned('The topics', createAllTopics(kafka)))
  }

  async function consul() {
    const { address, spec } = await start('consul')
    if (spec) {
      const { consulManagementToken, consulTokens } = context.secrets
      await step('tokens of Consul', () =>
        reasoned('The tokens of Consul', createConsulTokens(address, consulManagementToken, consulTokens)),
      )
      if (restore) await writeSettings({ address, token: consulManagementToken }, restore.backup.config)
      return deregisterAll(address, consulManagementToken)
    }
    if (context.settings['all']?.['MESH_TLS'] !== undefined || (await hasAuthority(address))) return
    context.meshTls = 'off'
    serverDeps.note('services talk without TLS: Connect is not enabled in Consul, as given')
  }

  await Promise.all([postgres(), kafka(), consul()])
}

/** What a server refuses is for the person who gave it, not a fault of ours. */
async function reasoned(what: string, work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    throw new CannotStart(`${what} could not be created: ${(error as Error).message}`)
  }
}

/** What is started at once, and what follows when an order has gone through those. */
function inTurns({ instances, probe = true, isReadyEarly = false }: ShopOptions) {
  const countOf = (service: ServiceName) => instancesOf(service, instances)
  const times = (count: number, service: ServiceName) => Array.from({ length: count }, () => service)
  const most = probe && isReadyEarly ? 1 : Number.POSITIVE_INFINITY
  return {
    first: SERVICES.flatMap((service) => times(Math.min(most, countOf(service)), service)),
    others: SERVICES.flatMap((service) => times(Math.max(0, countOf(service) - most), service)),
  }
}

/** Builds the pages that the gateway serves, where their sources have changed since the last time. */
async function buildWeb({ root, inherited }: ServiceContext, signal: AbortSignal) {
  const command = [nodeOf(root), join(root, 'services', 'web', 'build.ts')]
  await runOrThrow(command, { cwd: root, env: inherited, timeoutMs: BUILD_TIMEOUT_MS, signal })
}

/** Once: what the shop sells is the operators' from then on. */
async function seed(context: ServiceContext, signal: AbortSignal) {
  if (await hasCatalogue(context.servers.postgres)) return
  const env = environmentOf({ service: 'inventory', instance: 'inventory-seed', port: 0 }, context)
  const command = [nodeOf(context.root), entryOf(context.root, 'inventory', 'seed')]
  try {
    await runOrThrow(command, { cwd: context.root, env, timeoutMs: SEED_TIMEOUT_MS, signal })
  } catch (error) {
    signal.throwIfAborted()
    throw new CannotStart(`The catalogue could not be seeded: ${(error as Error).message}`)
  }
}

/** The server and where it listens, without credentials. */
function titleOf({ title, address }: { title: string; address: string }): string {
  return `${title} on ${address.replace(/^.*@|^https?:\/\//, '').replace(/\/.*$/, '')}`
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
