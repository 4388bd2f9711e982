import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { createDatabase, type DatabaseSettings } from '@lepton/events/postgres/database'
import { storeSettings } from '@lepton/events/settings'
import { databaseSettings } from '@lepton/events/store'
import { preparePostgres } from '@lepton/local/postgres'
import { silentLog } from '@lepton/testing/log'
import { startTestServer, type TestServer } from '@lepton/testing/servers'

jest.setTimeout(60_000)

const folder = mkdtempSync(join(tmpdir(), 'lepton-postgres-tls-'))
const [own, other] = ['own', 'other'].map(createCertificate) as [Files, Files]
let server: TestServer

interface Files {
  cert: string
  key: string
}

/** A self-signed certificate for this machine. */
function createCertificate(name: string): Files {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const about = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '1']
  execFileSync('openssl', ['req', '-x509', ...curve, ...about, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  })
  return { cert, key }
}

beforeAll(async () => {
  const ssl = { ssl: 'on', ssl_cert_file: own.cert, ssl_key_file: own.key }
  server = await startTestServer(
    preparePostgres,
    Object.entries(ssl).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  )
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

/** Whether a service with these settings talks encrypted. */
async function isEncrypted(settings: Record<string, string>): Promise<boolean> {
  const parsed = storeSettings.parse({ DATABASE_URL: server.address, KAFKA_BROKERS: 'k:9092', ...settings })
  const database = createDatabase(
    databaseSettings('order', parsed) satisfies DatabaseSettings,
    silentLog,
    createMetrics(),
  )
  try {
    const { rows } = await database.query<{ ssl: boolean }>(
      'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
    )
    return rows[0]!.ssl
  } finally {
    await database.close()
  }
}

it('a service talks to PostgreSQL by TLS where that is set, to the server of its authority only', async () => {
  const tls = { DATABASE_TLS: 'true' }
  expect(readFileSync(own.cert, 'utf8')).toContain('BEGIN CERTIFICATE')
  expect(await isEncrypted({})).toBe(false)
  expect(await isEncrypted({ ...tls, DATABASE_TLS_CA_FILE: own.cert })).toBe(true)
  await expect(isEncrypted({ ...tls, DATABASE_TLS_CA_FILE: other.cert })).rejects.toThrow(/certificate/)
  await expect(isEncrypted(tls)).rejects.toThrow(/certificate/)
})
