import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KafkaAccess } from '@lepton/events/kafka/settings'
import { layOutBroker } from '@lepton/local/kafka'
import { CLIENTS, CONTROLLER, guardProperties, MODEST } from '@lepton/local/kafka-properties'
import { toProperties } from '@lepton/local/properties'
import { adminAccess } from '@lepton/setup/kafka-users'
import { HOST_ADDRESS, type Machine, startProgram } from '../machines.ts'
import type { Servers } from './server-set.ts'

const PORT = 9_092
const CONTROLLER_PORT = 9_093
const COPIES = '3'
/** Of the three: one machine may be lost, and nothing that was acknowledged is lost with it. */
const IN_SYNC = '2'

export function brokersOf(machines: readonly Machine[]): string {
  return machines.map(({ address }) => `${address}:${PORT}`).join(',')
}

/** As the set-up. */
export function accessOf({ machines, secrets }: Pick<Servers, 'machines' | 'secrets'>): KafkaAccess {
  return adminAccess(brokersOf(machines), secrets.kafka)
}

export async function startKafka(servers: Servers, machine: Machine): Promise<void> {
  const { tools, secrets, machines, config, signal } = servers
  const folder = join(machine.dir, 'kafka')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { command, env } = await layOutBroker(
    folder,
    {
      java: tools.java,
      classPath: tools.kafkaClassPath,
      properties: toProperties(propertiesOf(servers, machine)),
      id: secrets.kafkaClusterId,
    },
    { config, signal },
  )
  // Who it talks to, it asks for the name of, and a machine reaches no name server: each question would take seconds.
  const hosts = join(folder, 'hosts')
  writeFileSync(
    hosts,
    [[HOST_ADDRESS, 'shop'], ...machines.map((one) => [one.address, one.name])]
      .map((line) => line.join(' '))
      .join('\n'),
  )
  const own = { JAVA_TOOL_OPTIONS: `-Djdk.net.hosts.file=${hosts}` }
  startProgram(machine, 'kafka', ['env', `--chdir=${folder}`, ...command], { ...env, ...own })
}

function propertiesOf({ machines, secrets }: Servers, { address, number }: Machine): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': String(number),
    'broker.rack': `zone-${number}`,
    'controller.quorum.voters': machines
      .map((one) => `${one.number}@${one.address}:${CONTROLLER_PORT}`)
      .join(','),
    listeners: `${CLIENTS}://${address}:${PORT},${CONTROLLER}://${address}:${CONTROLLER_PORT}`,
    'advertised.listeners': `${CLIENTS}://${address}:${PORT}`,
    'controller.listener.names': CONTROLLER,
    'inter.broker.listener.name': CLIENTS,
    'listener.security.protocol.map': `${CLIENTS}:SASL_PLAINTEXT,${CONTROLLER}:SASL_PLAINTEXT`,
    ...guardProperties({ broker: secrets.kafkaBroker, setup: secrets.kafka }),
    ...MODEST,
    'num.network.threads': '2',
    'num.io.threads': '4',
    'default.replication.factor': COPIES,
    'min.insync.replicas': IN_SYNC,
    'offsets.topic.replication.factor': COPIES,
    'offsets.topic.num.partitions': '6',
    'transaction.state.log.replication.factor': COPIES,
    'transaction.state.log.min.isr': IN_SYNC,
    'share.coordinator.state.topic.replication.factor': COPIES,
    'share.coordinator.state.topic.min.isr': IN_SYNC,
    // How soon a lost broker's partitions have another leader. Sooner, a busy machine would count as lost.
    'broker.session.timeout.ms': '6000',
    'broker.heartbeat.interval.ms': '1000',
    'controller.quorum.election.timeout.ms': '1000',
    'controller.quorum.fetch.timeout.ms': '2000',
    'replica.lag.time.max.ms': '10000',
  }
}
