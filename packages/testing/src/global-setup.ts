import { findConsul } from '@lepton/local/consul-source'
import { preparePostgres } from '@lepton/local/postgres'
import { createServerDeps, startedServers, startTestServer } from './servers.ts'
import { createTemplates } from './templates.ts'

// What is written may be lost at a power cut: only here, where nothing is kept.
const FORGETFUL = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'max_prepared_transactions=8',
]

/** Runs once before all tests: one PostgreSQL with its templates, and where Consul is. */
async function setup(): Promise<void> {
  if (!process.env.TEST_DATABASE_URL) {
    const postgres = await startTestServer(
      preparePostgres,
      FORGETFUL.flatMap((setting) => ['-c', setting]),
    )
    process.env.TEST_DATABASE_URL = postgres.address
    startedServers.push(postgres)
  }
  await createTemplates(process.env.TEST_DATABASE_URL)
  if (!process.env.TEST_CONSUL_HTTP_ADDR) process.env.TEST_CONSUL_BINARY ??= await consulBinary()
}

async function consulBinary(): Promise<string> {
  const { deps, release } = await createServerDeps()
  try {
    return (await findConsul(deps)).file
  } finally {
    release()
  }
}

export { setup as default }
