import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type pg from 'pg'
import type { Log } from '@lepton/common/runtime/log'
import type { Database } from './database.ts'

const MIGRATION_MS = 60_000

export interface Migrations {
  /** Of .sql files, which run in the order of their names. */
  folder: URL
  /** Where those that ran are listed. */
  table?: string
}

/**
 * Brings a database to the newest schema: first the messaging tables of this package, then the
 * service's own. Forward only, each file once; instances that start together wait for one another.
 */
export async function migrate(database: Database, own: Migrations, log: Log): Promise<void> {
  const client = await database.connect('migration')
  try {
    await client.query(`set statement_timeout = ${MIGRATION_MS}; set lock_timeout = ${MIGRATION_MS}`)
    for (const [folder, table] of tablesOf(own)) await apply(client, folder, table, log)
  } finally {
    await client.end()
  }
}

/** The schema lacks migrations, which another process applies. */
export class NotMigrated extends Error {}

/** @throws NotMigrated while a migration has not run that this release knows; one that it does not know may have */
export async function assertMigrated(database: Database, own: Migrations): Promise<void> {
  const client = await database.connect('migration')
  try {
    for (const [folder, table] of tablesOf(own)) {
      const files = await sqlFiles(folder)
      if (!(await isUpToDate(client, files.length, table)))
        throw new NotMigrated(`${table} is not up to date`)
    }
  } finally {
    await client.end()
  }
}

function tablesOf({ folder, table = 'service_migrations' }: Migrations): [folder: URL, table: string][] {
  return [
    [new URL('../../sql/', import.meta.url), 'messaging_migrations'],
    [folder, table],
  ]
}

async function sqlFiles(folder: URL): Promise<string[]> {
  return (await readdir(folder)).filter((file) => file.endsWith('.sql'))
}

async function apply(client: pg.Client, folder: URL, migrationsTable: string, log: Log): Promise<void> {
  const files = await sqlFiles(folder)
  if (await isUpToDate(client, files.length, migrationsTable)) return
  // Loaded only when there is something to do: most starts need neither its time nor its memory.
  const { runner } = await import('node-pg-migrate')
  const applied = await runner({
    dbClient: client,
    dir: fileURLToPath(folder),
    direction: 'up',
    migrationsTable,
    advisoryLockMode: 'wait',
    checkOrder: true,
    logger: {
      debug: (line) => log.debug(line),
      info: (line) => log.debug(line),
      warn: (line) => log.warn(line),
      error: (line) => log.error(line),
    },
  })
  for (const { name } of applied) log.info({ migration: name }, 'migrated')
}

async function isUpToDate(client: pg.Client, files: number, migrationsTable: string): Promise<boolean> {
  const { rows } = await client.query<{ exists: boolean }>('select to_regclass($1) is not null as exists', [
    migrationsTable,
  ])
  if (rows[0]?.exists !== true) return false
  const done = await client.query(`select 1 from ${migrationsTable}`)
  return done.rows.length >= files
}
