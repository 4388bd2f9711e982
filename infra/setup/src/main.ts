import { readConfig } from './config.ts'
import { createConsulTokens } from './consul-tokens.ts'
import { createDatabases, withPassword } from './databases.ts'
import { once, randomSecret } from './files.ts'
import { createKafkaUsers } from './kafka-users.ts'
import { createSecrets, shareSecrets } from './keys.ts'
import { DATABASE_OWNERS, type DatabaseOwner } from './services.ts'
import { createAllTopics } from './topics.ts'

/** The database server reads it under a user of its own; what keeps it apart is the volume it is in. */
const SHARED = 0o644

const USAGE = `Prepares servers for the shop, once; running it again changes nothing.

  SECRETS_DIR                    keys and secrets that are missing are made here
  SECRET_SHARES_DIR              each service's share of them is copied to a folder here
  ADMIN_DATABASE_URL             a role that may create roles and databases
  ADMIN_PASSWORD_FILE            its password, where the URL has none; made when the file is missing
  <SERVICE>_DATABASE_PASSWORD    of ${DATABASE_OWNERS.join(', ')} (without it: the one in SECRETS_DIR)
  KAFKA_BROKERS                  topics are created here; also KAFKA_USERNAME, KAFKA_PASSWORD_FILE,
                                 KAFKA_SASL_MECHANISM, KAFKA_TLS and KAFKA_TLS_CA_FILE
  CONSUL_TOKENS=create           a token for each service is created at CONSUL_HTTP_ADDR, with its rights
  KAFKA_USERS=create             a user for each service is created there, with its rights
`

async function main() {
  const config = readConfig()
  if (process.argv.includes('--help') || !(config.secretsDir ?? config.adminDatabaseUrl ?? config.kafka)) {
    process.stdout.write(USAGE)
    return
  }
  const secrets = config.secretsDir === undefined ? undefined : createSecrets(config.secretsDir)
  if (secrets && config.secretSharesDir !== undefined) shareSecrets(secrets, config.secretSharesDir)
  if (secrets) process.stdout.write('keys and secrets: done\n')
  const adminPassword =
    config.adminPasswordFile === undefined ? undefined : once(config.adminPasswordFile, randomSecret, SHARED)
  if (config.adminDatabaseUrl !== undefined) {
    const passwords = { ...secrets?.databasePasswords, ...config.databasePasswords }
    const missing = DATABASE_OWNERS.filter((owner) => passwords[owner] === undefined)
    if (missing.length > 0) {
      throw new Error(`no password for ${missing.join(', ')}: set SECRETS_DIR or <SERVICE>_DATABASE_PASSWORD`)
    }
    const url = config.adminDatabaseUrl
    const adminUrl = adminPassword === undefined ? url : withPassword(url, adminPassword)
    await createDatabases(adminUrl, passwords as Record<DatabaseOwner, string>)
    process.stdout.write('databases: done\n')
  }
  if (config.consulAddress !== undefined) {
    if (secrets === undefined) throw new Error('the tokens of Consul are in SECRETS_DIR: set it')
    await createConsulTokens(config.consulAddress, secrets.consulManagementToken, secrets.consulTokens)
    process.stdout.write('tokens of Consul: done\n')
  }
  if (config.kafka) {
    if (config.kafkaUsers) {
      if (secrets === undefined) throw new Error('the passwords of Kafka are in SECRETS_DIR: set it')
      await createKafkaUsers(config.kafka, secrets.kafkaPasswords)
      process.stdout.write('users of Kafka: done\n')
    }
    await createAllTopics(config.kafka)
    process.stdout.write('topics: done\n')
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`set-up failed: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
