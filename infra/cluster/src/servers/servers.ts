import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '@lepton/local/config'
import { CannotStart } from '@lepton/local/cannot-start'
import { createKafkaUsers } from '@lepton/setup/kafka-users'
import { type Cluster, isKubernetesOn, takeDown } from '../cluster.ts'
import { endDetached } from '../detached.ts'
import { createMachine, type Machine, openBridge, plugCable } from '../machines.ts'
import { until } from '../until.ts'
import { CONSUL_ADDRESS, startConsul, startConsulAgent } from './consul-servers.ts'
import { accessOf, brokersOf, startKafka } from './kafka-servers.ts'
import { databaseUrlOf, lookRarely, startHaproxy, startPatroni } from './postgres-servers.ts'
import { createServerSecrets, kafkaPasswords } from './server-secrets.ts'
import type { Servers } from './server-set.ts'
import { findServerTools } from './server-tools.ts'
import { lookAt, type Strength, untilWhole } from './strength.ts'

const START_MS = 120_000

const dirOf = (cluster: Pick<Cluster, 'dir'>) => join(cluster.dir, 'servers')

export function areServersOn(cluster: Pick<Cluster, 'dir'>): boolean {
  return existsSync(dirOf(cluster))
}

/** @throws CannotStart where the machines are another's, or a program cannot be had */
export async function serversOf(
  { dir, machines }: Cluster,
  note: (line: string) => void,
  signal = new AbortController().signal,
): Promise<Servers> {
  if (isKubernetesOn({ dir }))
    throw new CannotStart('Kubernetes runs on these machines: `pnpm cluster down` ends it.')
  const config = readConfig()
  return {
    dir: dirOf({ dir }),
    machines,
    tools: await findServerTools({ config, note, signal }),
    secrets: createServerSecrets(dirOf({ dir })),
    config,
    env: config.inherited,
    signal,
  }
}

/** Makes the machines and starts the servers on them, or what of them does not run; resolves when nothing is missing. */
export async function bringServersUp(servers: Servers): Promise<void> {
  await openBridge(join(servers.dir, '..'))
  for (const machine of servers.machines) await createMachine(machine, servers.machines)
  startConsulAgent(servers)
  startHaproxy(servers)
  await Promise.all(servers.machines.map((machine) => startServers(servers, machine)))
  const users = () => createKafkaUsers(accessOf(servers), kafkaPasswords(servers.secrets))
  await until('Kafka', START_MS, users, servers.signal)
  await untilWhole(servers, START_MS)
  await lookRarely(servers.machines)
}

async function startServers(servers: Servers, machine: Machine): Promise<void> {
  startConsul(servers, machine)
  startPatroni(servers, machine)
  await startKafka(servers, machine)
}

/** What each machine is besides one of three, and what is missing. */
export function strengthOf(cluster: Cluster): Promise<Strength> {
  return lookAt({ machines: cluster.machines, secrets: createServerSecrets(dirOf(cluster)) })
}

/** Power and cable are back; the servers of the machine catch up by themselves. */
export async function healServers(servers: Servers, machine: Machine): Promise<void> {
  await plugCable(machine)
  await startServers(servers, machine)
}

/** Ends what runs beside the shop, and the machines with whatever is on them. */
export async function takeServersDown(cluster: Cluster): Promise<void> {
  const dir = dirOf(cluster)
  for (const program of ['consul', 'haproxy']) endDetached(dir, program)
  await takeDown(cluster)
  rmSync(dir, { recursive: true, force: true })
}

/** With what `npm start` uses them. */
export function environmentOf({
  machines,
  secrets,
}: Pick<Servers, 'machines' | 'secrets'>): Record<string, string> {
  return {
    DATABASE_URL: databaseUrlOf(secrets),
    KAFKA_BROKERS: brokersOf(machines),
    KAFKA_USERNAME: '{service}',
    KAFKA_PASSWORD_FILE: secrets.kafkaFile,
    CONSUL_HTTP_ADDR: CONSUL_ADDRESS,
    CONSUL_TOKEN_FILE: secrets.consulTokenFile,
  }
}
