import { createLog } from '@lepton/common/runtime/log'
import { createKafka } from '@lepton/events/kafka/client'
import { z } from 'zod'
import { until } from '../until.ts'
import { CONSUL_ADDRESS } from './consul-servers.ts'
import { accessOf } from './kafka-servers.ts'
import { PATRONI_PORT } from './postgres-servers.ts'
import type { Servers } from './server-set.ts'

const ANSWER_TIMEOUT_MS = 2_000
/** Each at another broker: one of them may be away. */
const RETRIES = 3
const Health = z.object({
  Servers: z
    .array(z.object({ Name: z.string(), Healthy: z.boolean(), Voter: z.boolean(), Leader: z.boolean() }))
    .nullable(),
})
const PostgresAnswer = z.object({
  role: z.string().optional(),
  replication_state: z.string().optional(),
  replication: z
    .array(z.object({ application_name: z.string(), state: z.string(), sync_state: z.string() }))
    .default([]),
})
type PostgresAnswer = z.infer<typeof PostgresAnswer>

export interface Strength {
  /** What each machine is besides one of three. */
  roles: Record<string, string[]>
  /** Why the loss of another machine might not be survived. */
  lacks: string[]
}

/** Resolves when every server has caught up, and the next machine may be lost; gives what was missing last. */
export async function untilWhole(servers: Servers, timeoutMs: number): Promise<string | undefined> {
  let last: string | undefined
  const attempt = async () => {
    const { lacks } = await lookAt(servers)
    if (lacks.length === 0) return
    last = lacks.join(', ')
    throw new Error(last)
  }
  await until('all servers', timeoutMs, attempt, servers.signal)
  return last
}

type Known = Pick<Servers, 'machines' | 'secrets'>

export async function lookAt(servers: Known): Promise<Strength> {
  const looks = { PostgreSQL: lookAtPostgres, Kafka: lookAtKafka, Consul: lookAtConsul }
  const all = await Promise.all(
    Object.entries(looks).map(([server, look]) =>
      look(servers).catch((error: unknown): Strength => ({
        roles: {},
        lacks: [`${server}: ${(error as Error).message}`],
      })),
    ),
  )
  return {
    roles: Object.fromEntries(
      servers.machines.map(({ name }) => [name, all.flatMap(({ roles }) => roles[name] ?? [])]),
    ),
    lacks: all.flatMap(({ lacks }) => lacks),
  }
}

async function lookAtConsul({ machines, secrets }: Known): Promise<Strength> {
  const response = await fetch(`${CONSUL_ADDRESS}/v1/operator/autopilot/health`, {
    headers: { 'x-consul-token': secrets.consulToken },
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  })
  // 429 is its answer where a server is missing.
  const known = response.status === 200 || response.status === 429
  const found = known ? (Health.parse(await response.json()).Servers ?? []) : []
  const well = found.filter(({ Healthy, Voter }) => Healthy && Voter).map(({ Name }) => Name)
  return {
    roles: Object.fromEntries(
      found.filter(({ Leader }) => Leader).map(({ Name }) => [Name, ['leader of Consul']]),
    ),
    lacks: machines.filter(({ name }) => !well.includes(name)).map(({ name }) => `Consul on ${name}`),
  }
}

async function lookAtPostgres({ machines }: Known): Promise<Strength> {
  const answers = machines.map(async ({ name, address }): Promise<[string, PostgresAnswer]> => {
    const url = `http://${address}:${PATRONI_PORT}/patroni`
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }).catch(
      () => undefined,
    )
    return [name, PostgresAnswer.parse((await response?.json()) ?? {})]
  })
  return postgresStrength(await Promise.all(answers))
}

/**
 * By what each Patroni says now of its own server: what Consul has of a machine may be older than its loss. So may what the
 * primary says of a standby, since a machine without power closes no connection.
 */
export function postgresStrength(answers: readonly [machine: string, PostgresAnswer][]): Strength {
  const [primary, ...others] = answers.filter(([, { role }]) => role === 'primary')
  if (primary === undefined) return { roles: {}, lacks: ['a primary of PostgreSQL'] }
  const [name, { replication }] = primary
  const following = new Set(
    replication
      .filter(({ state, sync_state }) => state === 'streaming' && sync_state === 'quorum')
      .map(({ application_name }) => application_name),
  )
  const isWell = ([machine, { replication_state }]: (typeof answers)[number]) =>
    machine === name || (following.has(machine) && replication_state === 'streaming')
  return {
    roles: { [name]: ['primary of PostgreSQL'] },
    lacks: [
      ...answers.filter((answer) => !isWell(answer)).map(([machine]) => `PostgreSQL on ${machine}`),
      ...others.map(([machine]) => `one primary of PostgreSQL, not ${machine}, too`),
    ],
  }
}

async function lookAtKafka(servers: Known): Promise<Strength> {
  const log = createLog({ service: 'cluster', instance: 'cluster', level: 'silent' })
  const kafka = createKafka({ ...accessOf(servers), clientId: 'lepton-cluster', retries: RETRIES }, log)
  const admin = kafka.admin()
  try {
    await admin.connect()
    const { brokers, controller } = await admin.describeCluster()
    const { topics } = await admin.fetchTopicMetadata()
    const behind = topics
      .flatMap(({ partitions }) => partitions)
      .filter(({ isr, replicas }) => isr.length < replicas.length).length
    const answering = new Set(brokers.map(({ nodeId }) => nodeId))
    return {
      roles: { [`m${controller}`]: ['controller of Kafka'] },
      lacks: [
        ...servers.machines
          .filter(({ number }) => !answering.has(number))
          .map(({ name }) => `Kafka on ${name}`),
        ...(behind > 0 ? [`copies of ${behind} partitions`] : []),
      ],
    }
  } finally {
    await admin.disconnect()
  }
}
