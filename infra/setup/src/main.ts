import { setTimeout as delay } from 'node:timers/promises'
import { readConfig, type SetupConfig } from './config.ts'
import { createConsulTokens } from './consul-tokens.ts'
import { createDatabases, withPassword } from './databases.ts'
import { once, randomSecret } from './files.ts'
import { createKafkaUsers } from './kafka-users.ts'
import { keepSecrets } from './kept-secrets.ts'
import { createSecrets, type Secrets, shareSecrets } from './keys.ts'
import { accessOfPod, createKubernetesSecrets } from './kubernetes-api.ts'
import { migrateAll } from './schemas.ts'
import { DATABASE_OWNERS, type DatabaseOwner } from './services.ts'
import { createAllTopics } from './topics.ts'

/** The database server reads it under a user of its own; what keeps it apart is the volume it is in. */
const SHARED = 0o644

const RETRY_EVERY_MS = 500

const USAGE = `Prepares servers for the shop, once; running it again changes nothing.

  SECRETS_DIR                    keys and secrets that are missing are made here
  SECRETS_KEPT_IN=kubernetes     in a pod: they are made and kept in Secrets of its namespace, and nothing else is done
  SECRET_SHARES_DIR              each service's share of them is copied to a folder here
  ADMIN_DATABASE_URL             a role that may create roles and databases; schemas are brought up to date, too
  ADMIN_PASSWORD_FILE            its password, where the URL has none; made when the file is missing
  <SERVICE>_DATABASE_PASSWORD    of ${DATABASE_OWNERS.join(', ')} (without it: the one in SECRETS_DIR)
  KAFKA_BROKERS                  topics are created here; also KAFKA_USERNAME, KAFKA_PASSWORD_FILE,
                                 KAFKA_SASL_MECHANISM, KAFKA_TLS and KAFKA_TLS_CA_FILE
  CONSUL_TOKENS=create           a token for each service is created at CONSUL_HTTP_ADDR, with its rights
  SETUP_RETRY_MS                 for how long it begins again after a failure: servers may start beside it (default: not)
  KAFKA_USERS=create             a user for each service is created there, with its rights
`

async function main() {
  const config = readConfig()
  if (process.argv.includes('--help') || !(config.secretsDir ?? config.adminDatabaseUrl ?? config.kafka)) {
    process.stdout.write(USAGE)
    return
  }
  for (const endsAt = performance.now() + config.retryMs; ; await delay(RETRY_EVERY_MS)) {
    try {
      return await setUp(config)
    } catch (error) {
      if (performance.now() >= endsAt) throw error
      process.stderr.write(`again in a moment: ${messageOf(error)}\n`)
    }
  }
}

async function setUp(config: SetupConfig): Promise<void> {
  if (config.secretsKept && config.secretsDir !== undefined) {
    await keepSecrets(createKubernetesSecrets(accessOfPod()), config.secretsDir)
    return done('keys and secrets, kept in Kubernetes')
  }
  const secrets = config.secretsDir === undefined ? undefined : createSecrets(config.secretsDir)
  if (secrets && config.secretSharesDir !== undefined) shareSecrets(secrets, config.secretSharesDir)
  if (secrets) done('keys and secrets')
  const databases = await setUpDatabases(config, secrets)
  if (config.consulAddress !== undefined) {
    if (secrets === undefined) throw new Error('the tokens of Consul are in SECRETS_DIR: set it')
    await createConsulTokens(config.consulAddress, secrets.consulManagementToken, secrets.consulTokens)
    done('tokens of Consul')
  }
  if (config.kafka) {
    if (config.kafkaUsers) {
      if (secrets === undefined) throw new Error('the passwords of Kafka are in SECRETS_DIR: set it')
      await createKafkaUsers(config.kafka, secrets.kafkaPasswords)
      done('users of Kafka')
    }
    await createAllTopics(config.kafka)
    done('topics')
  }
  if (databases === undefined) return
  // Last: services that wait for their schema find everything else done.
  await migrateAll(databases.adminUrl)
  done('schemas')
}

async function setUpDatabases(config: SetupConfig, secrets: Secrets | undefined) {
  const adminPassword =
    config.adminPasswordFile === undefined ? undefined : once(config.adminPasswordFile, randomSecret, SHARED)
  const url = config.adminDatabaseUrl
  if (url === undefined) return undefined
  const given = { ...secrets?.databasePasswords, ...config.databasePasswords }
  const missing = DATABASE_OWNERS.filter((owner) => given[owner] === undefined)
  if (missing.length > 0) {
    throw new Error(`no password for ${missing.join(', ')}: set SECRETS_DIR or <SERVICE>_DATABASE_PASSWORD`)
  }
  const passwords = given as Record<DatabaseOwner, string>
  const adminUrl = adminPassword === undefined ? url : withPassword(url, adminPassword)
  await createDatabases(adminUrl, passwords)
  done('databases')
  return { adminUrl }
}

function done(what: string): void {
  process.stdout.write(`${what}: done\n`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || String((error as { code?: string }).code) : String(error)
}

main().catch((error: unknown) => {
  process.stderr.write(`set-up failed: ${messageOf(error)}\n`)
  process.exitCode = 1
})
