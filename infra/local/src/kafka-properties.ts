import { toProperties } from './properties.ts'
import type { KafkaListener } from './via.ts'

/** In Kafka's own folder: `log.dirs` is a list that has no escape for a comma. */
export const DATA = 'data'
export const CLIENTS = 'CLIENTS'
export const CONTROLLER = 'CONTROLLER'
const SCRAM = 'SCRAM-SHA-256'

interface Passwords {
  broker: string
  setup: string
}

/** What every broker has: it shares its machine, and starts with empty groups. */
export const MODEST = {
  'log.dirs': DATA,
  'auto.create.topics.enable': 'false',
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '1000',
  'background.threads': '2',
  'log.cleaner.dedupe.buffer.size': '16777216',
  'log.index.size.max.bytes': '1048576',
}

/** `broker.session.timeout.ms`: after a kill the restarted broker is refused until its old registration expires. */
export function brokerProperties({
  address,
  controllerPort,
  doors,
  passwords,
}: {
  address: string
  controllerPort: number
  doors: readonly KafkaListener[]
  /** Of the broker itself and of the set-up; without them it lets everyone do everything. */
  passwords?: Passwords | undefined
}) {
  const named = doors.map((door, index) => ({ ...door, name: `VIA${index + 1}` }))
  const names = [CLIENTS, CONTROLLER, ...named.map(({ name }) => name)]
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: [
      `${CLIENTS}://${address},${CONTROLLER}://127.0.0.1:${controllerPort}`,
      ...named.map((door) => `${door.name}://${door.address}`),
    ].join(','),
    'advertised.listeners': [
      `${CLIENTS}://${address}`,
      ...named.map((door) => `${door.name}://${door.advertised}`),
    ].join(','),
    'controller.listener.names': CONTROLLER,
    'inter.broker.listener.name': CLIENTS,
    'listener.security.protocol.map': names
      .map((name) => `${name}:${passwords === undefined ? 'PLAINTEXT' : 'SASL_PLAINTEXT'}`)
      .join(','),
    ...(passwords &&
      guardProperties(
        passwords,
        named.map(({ name }) => name),
      )),
    ...MODEST,
    // Alone on two cores, it looks less often for what it would hear of anyway.
    'num.network.threads': '1',
    'num.io.threads': '2',
    'metadata.max.idle.interval.ms': '5000',
    'default.replication.factor': '1',
    'min.insync.replicas': '1',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '5',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '5',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '600',
  }
  return toProperties(properties)
}

/**
 * Services are users with a password that the set-up gives them, and may do what the set-up grants. The broker itself
 * and the set-up are known from here: before them there is no user.
 */
export function guardProperties(
  { broker, setup }: Passwords,
  others: readonly string[] = [],
): Record<string, string> {
  const scramOf = (listener: string): [string, string][] => [
    [`listener.name.${listener.toLowerCase()}.sasl.enabled.mechanisms`, SCRAM],
    [
      `listener.name.${listener.toLowerCase()}.${SCRAM.toLowerCase()}.sasl.jaas.config`,
      'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    ],
  ]
  const plain = (users: Record<string, string>) =>
    [
      'org.apache.kafka.common.security.plain.PlainLoginModule required',
      `username="broker" password="${broker}"`,
      ...Object.entries(users).map(([name, password]) => `user_${name}="${password}"`),
    ].join(' ') + ';'
  return {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:broker;User:setup',
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    'sasl.mechanism.controller.protocol': 'PLAIN',
    ...Object.fromEntries([CLIENTS, ...others].flatMap(scramOf)),
    'listener.name.clients.sasl.enabled.mechanisms': `${SCRAM},PLAIN`,
    'listener.name.clients.plain.sasl.jaas.config': plain({ broker, setup }),
    'listener.name.controller.sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.controller.plain.sasl.jaas.config': plain({ broker }),
  }
}
