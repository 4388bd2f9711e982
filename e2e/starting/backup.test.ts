import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { beginRestore } from '@lepton/local/backup/restore'
import { takeBackup } from '@lepton/local/backup/take'
import { preparePostgres } from '@lepton/local/postgres'
import { startTestServer, type TestServer } from '@lepton/testing/servers'
import { until } from '@lepton/testing/until'
import { askDatabase } from '../chaos/collect/ask-database.ts'

jest.setTimeout(60_000)

const QUIET = () => undefined
const MIN_ROWS = 50

let folder: string
let server: TestServer

function urlOf(database: string, { address } = server): string {
  const url = new URL(address)
  url.pathname = `/${database}`
  return url.href
}

/** How many rows there are, of which none in between is missing. */
async function countOf(database: string, of = server): Promise<number> {
  const [row] = await askDatabase(urlOf(database, of), (ask) =>
    ask<{ rows: number; last: number }>('select count(*)::int as rows, coalesce(max(n), 0) as last from t'),
  )
  expect(row).toEqual({ rows: row!.rows, last: row!.rows })
  return row!.rows
}

/** Writes to one database and, when that is committed, to the other, as an effect follows its cause. */
async function write(signal: AbortSignal): Promise<void> {
  const row = `insert into t values ($1, repeat('x', 2000))`
  await askDatabase(urlOf('cause'), (cause) =>
    askDatabase(urlOf('effect'), async (effect) => {
      for (let count = 1; !signal.aborted; count++) {
        await cause(row, [count])
        await effect(row, [count])
        // What was copied before it is older than what the server then counts as written.
        if (count % 10 === 0) await cause('checkpoint')
      }
    }),
  )
}

function source() {
  const secretsDir = join(folder, 'secrets')
  return { postgresUrl: server.address, secretsDir, config: [] }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lepton-backup-'))
  mkdirSync(join(folder, 'secrets'))
  server = await startTestServer(preparePostgres)
  const password = new URL(server.address).password
  writeFileSync(join(folder, 'secrets', 'postgres-admin.secret'), password)
  for (const name of ['cause', 'effect']) {
    await askDatabase(server.address, (ask) => ask(`create database ${name}`))
    await askDatabase(urlOf(name), (ask) => ask('create table t (n int, text text)'))
  }
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

describe('a backup of a server that is written to', () => {
  it('is one instant of all databases: no effect without its cause', async () => {
    const stop = new AbortController()
    const writing = write(stop.signal)
    await until('rows', async () => (await countOf('effect')) >= MIN_ROWS)
    const before = await countOf('effect')

    await takeBackup(join(folder, 'one'), source(), QUIET)
    const after = await countOf('cause')
    stop.abort()
    await writing

    const restored = await startTestServer(async (deps) => {
      return preparePostgres({ ...deps, restore: await beginRestore(deps.state, join(folder, 'one')) })
    })
    const [cause, effect] = [await countOf('cause', restored), await countOf('effect', restored)]
    await restored.stop()
    expect(effect).toBeGreaterThan(before)
    expect(cause).toBeLessThanOrEqual(after)
    expect(cause - effect).toBeGreaterThanOrEqual(0)
    expect(cause - effect).toBeLessThanOrEqual(1)
  })

  it('is not there when the server was killed in the middle, and the next one is', async () => {
    const killed = takeBackup(join(folder, 'killed'), source(), (line) => {
      if (line.includes('copied while it works')) server.process.signal('SIGKILL')
    })

    await expect(killed).rejects.toThrow(/There is no backup, and the shop is as it was/)

    expect(readdirSync(folder).filter((name) => name.startsWith('killed'))).toEqual([])
    await until('the server is back', () => countOf('cause'))
    await takeBackup(join(folder, 'again'), source(), QUIET)
    expect(existsSync(join(folder, 'again', 'manifest.json'))).toBe(true)
    const slots = await askDatabase(server.address, (ask) => ask('select from pg_replication_slots'))
    expect(slots).toEqual([])
  })
})
