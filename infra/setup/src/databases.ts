import pg from 'pg'
import { databaseName, type DatabaseOwner } from './services.ts'

/**
 * Gives every owner a role and a database that no other service may connect to.
 *
 * Running it again changes nothing but the passwords, which become the ones given. It needs a role
 * that may create roles and databases; it need not be a superuser.
 */
export async function createDatabases(adminUrl: string, passwords: Record<DatabaseOwner, string>) {
  const admin = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 })
  await admin.connect()
  try {
    const { rows } = await admin.query<{ rolsuper: boolean }>(
      'select rolsuper from pg_roles where rolname = current_user',
    )
    for (const [owner, password] of Object.entries(passwords) as [DatabaseOwner, string][]) {
      await createDatabase(admin, databaseName(owner), password, rows[0]?.rolsuper === true)
    }
  } finally {
    await admin.end()
  }
}

async function createDatabase(admin: pg.Client, name: string, password: string, isSuperuser: boolean) {
  const role = pg.escapeIdentifier(name)
  const secret = pg.escapeLiteral(password)
  const roles = await admin.query('select from pg_roles where rolname = $1', [name])
  if (roles.rowCount === 0) await admin.query(`create role ${role} login password ${secret}`)
  else await admin.query(`alter role ${role} login password ${secret}`)

  const databases = await admin.query('select from pg_database where datname = $1', [name])
  if (databases.rowCount === 0) {
    // Only a member of the role may make it an owner; a superuser counts as one.
    if (!isSuperuser) await admin.query(`grant ${role} to current_user`)
    await admin.query(`create database ${role} owner ${role} encoding 'UTF8' template template0`)
  }
  await admin.query(`revoke connect, temporary on database ${role} from public`)
}

/** Whether the server answers a query; a server that starts or recovers refuses it. */
export async function isAnswering(adminUrl: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 2_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** The same server with another database and role. */
export function ownerUrl(adminUrl: string, owner: DatabaseOwner, password: string): string {
  const url = new URL(adminUrl)
  url.username = databaseName(owner)
  url.password = password
  url.pathname = `/${databaseName(owner)}`
  return url.href
}
