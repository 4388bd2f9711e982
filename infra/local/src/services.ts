import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ownerUrl } from '@lepton/setup/databases'
import type { KafkaAccess } from '@lepton/events/kafka/settings'
import { isKafkaUser } from '@lepton/setup/kafka-rights'
import type { Secrets } from '@lepton/setup/keys'
import { ALL_SERVICES, type Service } from '@lepton/contracts/services'
import { isDatabaseOwner, isKeyOwner, sealsCards } from '@lepton/setup/services'
import type { ServerName } from './server.ts'
import type { KafkaListener, Via } from './via.ts'

export const SERVICES = ALL_SERVICES
export type ServiceName = Service

/** Garbage dies young here: a small nursery spares 20 MB a process, and orders take no longer. */
const NURSERY = '--max-semi-space-size=4'

/** How many instances of a service are started: two where they share a database, unless `wanted` says otherwise. */
export function instancesOf(service: ServiceName, wanted: Partial<Record<ServiceName, number>> = {}): number {
  return wanted[service] ?? (isDatabaseOwner(service) ? 2 : 1)
}

/** Settings that the caller adds to every service or to one. */
export type ServiceSettings = Partial<Record<ServiceName | 'all', Record<string, string>>>

export interface ServiceContext {
  root: string
  inherited: Record<string, string>
  servers: Record<ServerName, string>
  secrets: Secrets
  /** How the set-up, and programs that test the shop, reach Kafka. */
  kafka: KafkaAccess
  /** Who every service is to a Kafka that was given; on the shop's own, each is itself. */
  kafkaUser?: Record<string, string> | undefined
  /** The same of Consul. */
  isConsulGiven: boolean
  consulTokenFile?: string | undefined
  gatewayPort: number
  pspPort: number
  /** Whether services talk by TLS: Consul must have an authority of its own. */
  meshTls: 'consul' | 'off'
  /** Where the ops service asks the launcher. */
  opsSocket: string
  stateDirOf: (instance: string) => string
  settings: ServiceSettings
  via?: Via | undefined
  kafkaListeners?: readonly KafkaListener[] | undefined
}

export function isService(name: string): name is ServiceName {
  return (SERVICES as readonly string[]).includes(name)
}

/** Where an instance listens; 0 lets it choose. */
export interface Placement {
  service: ServiceName
  instance: string
  port: number
}

/** The whole environment of an instance: what is not here does not reach it. */
export function environmentOf(
  { service, instance, port }: Placement,
  context: ServiceContext,
): Record<string, string> {
  const { servers, secrets } = context
  const address = `http://127.0.0.1:${context.gatewayPort}`
  return {
    ...context.inherited,
    NODE_OPTIONS: NURSERY,
    // Express answers with a stack trace where this is not said.
    NODE_ENV: 'production',
    // Spares each process the stripping of types and the compiling: a third of its start and 20 MB of its memory.
    NODE_COMPILE_CACHE: join(context.root, 'node_modules', '.cache', 'node'),
    LEPTON_ENV: 'development',
    LOG_LEVEL: 'info',
    INSTANCE: instance,
    HOST: '127.0.0.1',
    PORT: String(port),
    STATE_DIR: context.stateDirOf(instance),
    JWKS_FILE: secrets.jwksFile,
    CONSUL_HTTP_ADDR: servers.consul,
    MESH_TLS: context.meshTls,
    KAFKA_BROKERS: servers.kafka,
    EVENT_SIGNATURES: 'require',
    EVENT_KEYS_FILE: secrets.eventKeysFile,
    ...consulTokenOf(service, context),
    ...(context.kafkaUser ?? kafkaUserOf(service, secrets)),
    ...(isKeyOwner(service) ? { JWT_KEY_FILE: secrets.keyFiles[service] } : {}),
    ...(isDatabaseOwner(service)
      ? {
          DATABASE_URL: ownerUrl(servers.postgres, service),
          DATABASE_PASSWORD_FILE: secrets.databasePasswordFiles[service],
          // The role that they run as may not.
          MIGRATE: 'false',
          EVENT_KEY_FILE: secrets.eventKeyFiles[service],
        }
      : {}),
    ...(service === 'gateway' ? { OPERATOR_SECRET_FILE: secrets.operatorSecretFile, RUNTIME: 'local' } : {}),
    ...(service === 'ops'
      ? {
          NODE_OPTIONS: `${NURSERY} --max-old-space-size=128`,
          RUNTIME: 'local',
          CONTROL_SOCKET: context.opsSocket,
          REGISTER_ALLOW: '127.0.0.0/8,::1/128',
          PSP_URL: `http://127.0.0.1:${context.pspPort}`,
        }
      : {}),
    ...(sealsCards(service) ? { CARD_KEY_FILE: secrets.cardKeyFile } : {}),
    ...(service === 'payment' ? { CARD_PRIVATE_KEY_FILE: secrets.cardPrivateKeyFile } : {}),
    ...(service === 'psp' || service === 'payment' ? { PSP_SECRET_FILE: secrets.pspSecretFile } : {}),
    ...(service === 'payment' ? { PSP_URL: `http://127.0.0.1:${context.pspPort}` } : {}),
    ...(service === 'psp' ? { WEBHOOK_URL: `${address}/api/v1/payments/webhook` } : {}),
    ...context.settings.all,
    ...context.settings[service],
  }
}

function kafkaUserOf(service: ServiceName, { kafkaPasswordFiles }: Secrets): Record<string, string> {
  const passwordFile = isKafkaUser(service) ? kafkaPasswordFiles[service] : undefined
  return passwordFile === undefined ? {} : { KAFKA_USERNAME: service, KAFKA_PASSWORD_FILE: passwordFile }
}

function consulTokenOf(
  service: ServiceName,
  { isConsulGiven, consulTokenFile, secrets }: ServiceContext,
): Record<string, string> {
  const own = isKeyOwner(service) ? secrets.consulTokenFiles[service] : undefined
  const file = isConsulGiven ? consulTokenFile : own
  return file === undefined ? {} : { CONSUL_TOKEN_FILE: file }
}

export function entryOf(root: string, service: ServiceName, file: 'main' | 'seed' = 'main'): string {
  return join(root, 'services', service, 'src', `${file}.ts`)
}

/** The repository's own Node, whatever runs the launcher. */
export function nodeOf(root: string): string {
  const pinned = join(root, 'node_modules', 'node', 'bin', 'node')
  return existsSync(pinned) ? pinned : process.execPath
}
