import { createClient } from './databases.ts'

const CONNECT_TIMEOUT_MS = 10_000
/** A checkpoint comes first, which writes all that the server has in memory. */
const CHECKPOINT_TIMEOUT_MS = 300_000

/** A server whose files may be copied while it works. */
export interface BaseBackup {
  major: number
  dataDir: string
  /** How large its databases are. */
  bytes: number
  /** Ends it: what was committed by now is in the backup. The WAL stays until `close`. */
  end(): Promise<BackupEnd>
  close(): Promise<void>
}

export interface BackupEnd {
  /** Belongs beside the copied files, as `backup_label`: without it PostgreSQL would recover from the wrong place. */
  label: string
  /** Files of the WAL, from the first to the last that the copy needs. */
  firstWal: string
  lastWal: string
  cutAt: Date
}

/**
 * Begins a physical backup of a whole server: one instant for all of its databases. A slot keeps the WAL that is
 * written from now on. Both end with the connection, however that ends.
 *
 * @throws Error where the role is no superuser, or data lies outside the data directory
 */
export async function beginBaseBackup(adminUrl: string): Promise<BaseBackup> {
  const client = createClient(adminUrl, CONNECT_TIMEOUT_MS)
  // A connection that breaks fails the next question.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query(`set statement_timeout = ${CHECKPOINT_TIMEOUT_MS}`)
    const { rows } = await client.query<{ version: number; dir: string; bytes: string; spaces: number }>(
      `select current_setting('server_version_num')::int as version, current_setting('data_directory') as dir,
         (select sum(pg_database_size(oid)) from pg_database) as bytes,
         (select count(*)::int from pg_tablespace where spcname not in ('pg_default', 'pg_global')) as spaces`,
    )
    const { version, dir: dataDir, bytes, spaces } = rows[0]!
    if (spaces > 0) throw new Error('it has tablespaces outside its data directory: use pg_basebackup')
    const { start, stop } = version < 150_000 ? OLD_CALLS : CALLS
    await client.query(`select pg_create_physical_replication_slot('lepton_backup', true, true)`)
    const began = await client.query<{ wal: string }>(`select pg_walfile_name(${start}) as wal`)
    return {
      major: Math.floor(version / 10_000),
      dataDir,
      bytes: Number(bytes),
      end: async () => {
        const ended = await client.query<{ label: string; wal: string; at: Date }>(
          `select labelfile as label, pg_walfile_name(lsn) as wal, clock_timestamp() as at from ${stop}`,
        )
        const { label, wal, at } = ended.rows[0]!
        return { label, firstWal: began.rows[0]!.wal, lastWal: wal, cutAt: at }
      },
      close: () => client.end(),
    }
  } catch (error) {
    await client.end().catch(() => undefined)
    throw error
  }
}

const CALLS = { start: `pg_backup_start('lepton', true)`, stop: 'pg_backup_stop(false)' }
/** Before PostgreSQL 15. */
const OLD_CALLS = { start: `pg_start_backup('lepton', true, false)`, stop: 'pg_stop_backup(false, false)' }
