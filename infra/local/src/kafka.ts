import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createKafkaSecrets } from '@lepton/setup/kafka-secrets'
import { CannotStart } from './cannot-start.ts'
import { classArchive } from './class-archive.ts'
import { runOrThrow } from './command.ts'
import { findJava, JAVA_LOCALE } from './java.ts'
import { brokerProperties, DATA } from './kafka-properties.ts'
import { findKafka } from './kafka-source.ts'
import type { Server, ServerDeps } from './server.ts'

const DEFAULT_PORT = 9092
const ANSWER_TIMEOUT_MS = 2_000
const FORMAT_TIMEOUT_MS = 60_000
/** Kafka runs in its folder and is given names in it. */
const PROPERTIES = 'server.properties'
const LOG4J_FILE = 'log4j2.xml'
const HEAP = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

/** Where Kafka is or will be: known before it runs, so that others can be configured. */
export async function kafkaAddress({ config, ports, useDefaultPorts }: ServerDeps): Promise<string> {
  const port = () => ports.choose('kafka', useDefaultPorts ? DEFAULT_PORT : undefined)
  return config.given.kafkaBrokers ?? `127.0.0.1:${await port()}`
}

/** Kafka as it was given, or one broker that is its own controller below the state directory, ready to be started. */
export async function prepareKafka(deps: ServerDeps): Promise<Server> {
  const { kafkaBrokers } = deps.config.given
  if (kafkaBrokers !== undefined) {
    const answers = await Promise.all(kafkaBrokers.split(',').map(isBrokerAnswering))
    if (!answers.includes(true)) {
      throw new CannotStart(`Kafka at ${kafkaBrokers} (KAFKA_BROKERS) does not answer.`)
    }
    return { name: 'kafka', title: 'Kafka, as given', address: kafkaBrokers }
  }

  const java = await findJava(deps)
  const { classPath, title } = await findKafka(java, deps)
  const address = await kafkaAddress(deps)
  const controllerPort = await deps.ports.choose('kafka-controller')
  const folder = deps.state.folder('kafka')
  const data = join(folder, DATA)
  const doors = deps.kafkaListeners ?? []
  const guard = deps.isGuarded === true ? createKafkaSecrets(deps.state.folder('secrets')) : undefined
  const properties = brokerProperties({
    address,
    controllerPort,
    doors,
    passwords: guard?.kafkaAdminPasswords,
  })
  const archive = classArchive(deps.config.cacheDir, java, classPath)
  const { command, env } = await layOutBroker(
    folder,
    { java, flags: archive.flags, classPath, properties, id: clusterId() },
    deps,
  )
  return {
    name: 'kafka',
    title,
    address,
    wipeable: data,
    onStopped: (inOrder) => archive.ended(inOrder),
    spec: {
      name: 'kafka',
      command,
      env,
      cwd: folder,
      logFile: deps.logFile('kafka'),
      deathSignal: 'KILL',
      stopSignal: 'SIGTERM',
      isReady: () => isBrokerAnswering(address),
    },
  }
}

interface Broker {
  java: string
  /** Of Java, for the broker alone. */
  flags?: string[]
  classPath: string
  properties: string
  /** Of its cluster. */
  id: string
}

/** Writes what a broker needs into its folder, formats its data once, and gives the command, to be run in the folder. */
export async function layOutBroker(
  folder: string,
  { java, flags = [], classPath, properties, id }: Broker,
  { config, signal }: Pick<ServerDeps, 'config' | 'signal'>,
): Promise<{ command: string[]; env: Record<string, string> }> {
  writeFileSync(join(folder, PROPERTIES), properties, { mode: 0o600 })
  writeFileSync(join(folder, LOG4J_FILE), LOG4J)
  const env = { ...config.inherited, ...JAVA_LOCALE }
  const options = [...HEAP, `-Dlog4j2.configurationFile=${LOG4J_FILE}`, '-cp', classPath]
  if (!existsSync(join(folder, DATA, 'meta.properties'))) {
    const format = ['kafka.tools.StorageTool', 'format', '-t', id, '-c', PROPERTIES, '--ignore-formatted']
    const timeoutMs = FORMAT_TIMEOUT_MS
    await runOrThrow([java, ...options, ...format], { timeoutMs, signal, cwd: folder, env })
  }
  return { command: [java, ...flags, ...options, 'kafka.Kafka', PROPERTIES], env }
}

/** Whether a broker answers a request for its versions: an open port alone says little. */
export function isBrokerAnswering(address: string): Promise<boolean> {
  const [host = '', port = ''] = splitAddress(address)
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ host, port: Number(port) })
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy())
  socket.once('connect', () => socket.write(VERSIONS_REQUEST))
  socket.once('data', () => {
    resolve(true)
    socket.destroy()
  })
  socket.once('error', () => socket.destroy())
  socket.once('close', () => resolve(false))
  return promise
}

function splitAddress(address: string): string[] {
  const at = address.lastIndexOf(':')
  return [address.slice(0, at), address.slice(at + 1)]
}

/** Length, ApiVersions (18) version 0, correlation id 1, no client id. */
const VERSIONS_REQUEST = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff])

/** 16 bytes in base64url, as Kafka wants it. Never begins with `-`, which `kafka-storage` would take for a flag. */
export function clusterId(random: Buffer = randomBytes(16)): string {
  const id = Buffer.from(random)
  id.writeUInt8(id.readUInt8(0) & 0x7f, 0)
  return id.toString('base64url')
}

const LOG4J = `<Configuration status="WARN">
  <Appenders>
    <Console name="out"><PatternLayout pattern="%d{ISO8601} %p %c{1} %m%n"/></Console>
  </Appenders>
  <Loggers>
    <Logger name="kafka.server.KafkaServer" level="INFO"/>
    <Root level="WARN"><AppenderRef ref="out"/></Root>
  </Loggers>
</Configuration>
`
