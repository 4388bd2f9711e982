import { loadConfig } from '@lepton/common/runtime/config'
import { type KafkaAccess, kafkaAccess, kafkaSettings } from '@lepton/events/kafka/settings'
import { DATABASE_OWNERS, type DatabaseOwner } from './services.ts'

export interface SetupConfig {
  adminDatabaseUrl: string | undefined
  databasePasswords: Partial<Record<DatabaseOwner, string>>
  kafka: KafkaAccess | undefined
  /** Whether the services' users are made there, too. */
  kafkaUsers: boolean
  /** Where the services' tokens are made. */
  consulAddress: string | undefined
  secretsDir: string | undefined
  /** Whether they are kept in Kubernetes, as Secrets of this pod's namespace. */
  secretsKept: boolean
  /** For how long it begins again after a failure. */
  retryMs: number
  /** Gets a folder for each service with the secrets that it needs. */
  secretSharesDir: string | undefined
  /** Holds the password of ADMIN_DATABASE_URL; made when there is none yet. */
  adminPasswordFile: string | undefined
}

/** The settings of the one-shot set-up; a part whose setting is absent is left out. */
export function readConfig(env = process.env): SetupConfig {
  const passwords = DATABASE_OWNERS.flatMap((owner) => {
    const password = env[`${owner.toUpperCase()}_DATABASE_PASSWORD`]
    return password ? [[owner, password] as const] : []
  })
  return {
    adminDatabaseUrl: env['ADMIN_DATABASE_URL'] || undefined,
    databasePasswords: Object.fromEntries(passwords),
    kafka: env['KAFKA_BROKERS'] ? kafkaAccess('setup', loadConfig(kafkaSettings, env)) : undefined,
    consulAddress: env['CONSUL_TOKENS'] === 'create' ? env['CONSUL_HTTP_ADDR'] : undefined,
    kafkaUsers: env['KAFKA_USERS'] === 'create',
    secretsDir: env['SECRETS_DIR'] || undefined,
    secretsKept: env['SECRETS_KEPT_IN'] === 'kubernetes',
    retryMs: Number(env['SETUP_RETRY_MS'] ?? 0),
    secretSharesDir: env['SECRET_SHARES_DIR'] || undefined,
    adminPasswordFile: env['ADMIN_PASSWORD_FILE'] || undefined,
  }
}
