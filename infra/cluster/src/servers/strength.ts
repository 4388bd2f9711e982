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
const Members = z.object({
  members: z.array(z.object({ name: z.string(), role: z.string(), state: z.string() })),
})

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
  const { members } = await Promise.any(
    machines.map(async ({ address }) => {
      const url = `http://${address}:${PATRONI_PORT}/cluster`
      const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })
      return Members.parse(await response.json())
    }),
  )
  const well = members.filter(({ state }) => state === 'running' || state === 'streaming')
  const named = new Set(well.map(({ name }) => name))
  return {
    roles: Object.fromEntries(
      well.flatMap(({ name, role }) => (role === 'leader' ? [[name, ['primary of PostgreSQL']]] : [])),
    ),
    lacks: [
      ...machines.filter(({ name }) => !named.has(name)).map(({ name }) => `PostgreSQL on ${name}`),
      ...['leader', 'quorum_standby']
        .filter((role) => !well.some((member) => member.role === role))
        .map((role) => `a ${role} of PostgreSQL`),
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
