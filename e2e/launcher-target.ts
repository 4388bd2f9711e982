import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { askControl } from '@lepton/local/control'
import type { InstanceInfo } from '@lepton/local/fleet'
import { showLogs } from '@lepton/local/logs'
import type { ServerInfo } from '@lepton/local/shop-types'
import { adminAccess } from '@lepton/setup/kafka-users'
import type { DatabaseOwner } from '@lepton/setup/services'
import { until } from '@lepton/testing/until'
import pg from 'pg'
import { askDatabase } from './chaos/collect/ask-database.ts'
import { PAYMENT_WAIT_MS, stateDir } from './config.ts'
import type { Target, TargetService } from './target.ts'

const RECOVERY_TIMEOUT_MS = 30_000
/** More than an order leaves. */
const MAX_LINES = 1_000

interface Running {
  servers: ServerInfo[]
  instances: InstanceInfo[]
}

/** What the suite's own shop tells the journeys beside its run.json. */
export interface Handover {
  gateway: string
  psp: string
  consul: string
  databases: Record<DatabaseOwner, string>
  /** The same as the server's administrator. */
  schemas: Record<DatabaseOwner, string>
}

export const handoverFile = (dir: string) => join(dir, 'e2e.json')

/** The shop that the launcher runs for this suite, steered over its control socket. */
export async function launcherTarget(): Promise<Target> {
  const dir = stateDir()
  const { gateway, psp, consul, databases, schemas } = JSON.parse(
    await readFile(handoverFile(dir), 'utf8'),
  ) as Handover
  const readSecret = async (name: string) => (await readFile(join(dir, 'secrets', name), 'utf8')).trim()
  const pools = new Map<DatabaseOwner, pg.Pool>()

  const control = (command: string, ...args: string[]) => askControl(dir, { command, args })
  const running = () => control('ps') as Promise<Running>

  async function infoOf(name: string) {
    const { servers, instances } = await running()
    const found = [...instances.map((info) => ({ ...info, name: info.instance })), ...servers].find(
      (info) => info.name === name,
    )
    if (found === undefined) throw new Error(`there is no ${name}`)
    return found
  }

  async function crash(name: string): Promise<void> {
    const { restarts } = await infoOf(name)
    await control('kill', name)
    await until(
      `${name} runs again`,
      async () => {
        const info = await infoOf(name)
        return info.restarts > restarts && info.status === 'ready'
      },
      { timeoutMs: RECOVERY_TIMEOUT_MS, everyMs: 50 },
    )
  }

  const instances = async (service: TargetService) =>
    (await running()).instances.filter((info) => info.service === service).map(({ instance }) => instance)

  function poolOf(owner: DatabaseOwner): pg.Pool {
    const known = pools.get(owner)
    if (known !== undefined) return known
    const pool = new pg.Pool({ connectionString: databases[owner], max: 2 })
    // A connection that breaks with the server is replaced at the next question.
    pool.on('error', () => undefined)
    pools.set(owner, pool)
    return pool
  }

  const away = new Map<TargetService, number>()
  const brokers = (await running()).servers.find(({ name }) => name === 'kafka')!.address
  return {
    gateway,
    psp,
    operatorSecret: await readSecret('operator.secret'),
    gatewayKey: await readSecret('gateway.jwk.json'),
    inside: {
      consul,
      keyOf: (owner) => readSecret(`${owner}.jwk.json`),
      eventKeyOf: (owner) => readSecret(`${owner}.event.jwk.json`),
      kafka: adminAccess(brokers, await readSecret('kafka-setup.secret')),
      kafkaAs: async (username) => {
        const password = await readSecret(`kafka-${username}.secret`)
        return { brokers: [brokers], sasl: { mechanism: 'scram-sha-256', username, password } }
      },
      consulToken: (user) => readSecret(`consul-${user}.secret`),
      pspSecret: await readSecret('psp.secret'),
    },
    paymentWaitMs: PAYMENT_WAIT_MS,
    instances,
    crash,
    crashServer: crash,
    pause: async (name) => {
      await control('pause', name)
    },
    resume: async (name) => {
      await control('resume', name)
    },
    takeAway: async (service) => {
      const names = await instances(service)
      away.set(service, names.length)
      await Promise.all(
        names.map(async (name) => {
          await control('kill', name)
          await control('remove', name)
        }),
      )
    },
    bringBack: async (service) => {
      await Promise.all(Array.from({ length: away.get(service) ?? 0 }, () => control('add', service)))
    },
    scale: async (service, count) => {
      const names = await instances(service)
      const missing = Array.from({ length: Math.max(0, count - names.length) })
      await Promise.all(missing.map(() => control('add', service)))
      await Promise.all(
        names
          .sort()
          .slice(count)
          .map((name) => control('remove', name)),
      )
    },
    query: async <T>(owner: DatabaseOwner, sql: string) => (await poolOf(owner).query(sql)).rows as T[],
    alter: (owner, sql) =>
      askDatabase(schemas[owner], async (ask) => {
        await ask(sql)
      }),
    logsOf: async (orderId) => {
      const found: string[] = []
      const query = { names: [], orderId, lines: MAX_LINES, isRaw: true, isFollowing: false }
      await showLogs(join(dir, 'logs'), query, (line) => found.push(line))
      return found
    },
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.end()))
    },
  }
}
