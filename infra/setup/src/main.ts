import { readConfig } from './config.ts'
import { createDatabases } from './databases.ts'
import { createSecrets } from './keys.ts'
import { DATABASE_OWNERS, type DatabaseOwner } from './services.ts'
import { createAllTopics } from './topics.ts'

const USAGE = `Prepares servers for the shop, once; running it again changes nothing.

  SECRETS_DIR                    keys and secrets that are missing are made here
  ADMIN_DATABASE_URL             a role that may create roles and databases
  <SERVICE>_DATABASE_PASSWORD    of ${DATABASE_OWNERS.join(', ')} (without it: the one in SECRETS_DIR)
  KAFKA_BROKERS                  topics are created here
`

async function main() {
  const config = readConfig()
  if (process.argv.includes('--help') || !(config.secretsDir ?? config.adminDatabaseUrl ?? config.brokers)) {
    process.stdout.write(USAGE)
    return
  }
  const secrets = config.secretsDir === undefined ? undefined : createSecrets(config.secretsDir)
  if (secrets) process.stdout.write('keys and secrets: done\n')
  if (config.adminDatabaseUrl !== undefined) {
    const passwords = { ...secrets?.databasePasswords, ...config.databasePasswords }
    const missing = DATABASE_OWNERS.filter((owner) => passwords[owner] === undefined)
    if (missing.length > 0) {
      throw new Error(`no password for ${missing.join(', ')}: set SECRETS_DIR or <SERVICE>_DATABASE_PASSWORD`)
    }
    await createDatabases(config.adminDatabaseUrl, passwords as Record<DatabaseOwner, string>)
    process.stdout.write('databases: done\n')
  }
  if (config.brokers) {
    await createAllTopics(config.brokers)
    process.stdout.write('topics: done\n')
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`set-up failed: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
