import pg from 'pg'
import { databaseName, type DatabaseOwner } from './services.ts'

/** The oldest PostgreSQL that the shop runs on. */
export const MIN_MAJOR = 14

/**
 * Gives every owner a role and a database that no other service may connect to.
 *
 * Running it again changes nothing but the passwords, which become the ones given. It needs a role
 * that may create roles and databases; it need not be a superuser.
 */
export async function createDatabases(adminUrl: string, passwords: Record<DatabaseOwner, string>) {
  const admin = createClient(adminUrl, 10_000)
  await admin.connect()
  try {
    const server = await describeServer(admin)
    for (const [owner, password] of Object.entries(passwords) as [DatabaseOwner, string][]) {
      await createDatabase(admin, databaseName(owner), password, server)
    }
  } finally {
    await admin.end()
  }
}

/** All that the connection depends on: variables such as PGSSLMODE in the user's shell are meant for other servers. */
function createClient(url: string, connectionTimeoutMillis: number): pg.Client {
  const options =
    '-c search_path=pg_catalog -c standard_conforming_strings=on -c default_transaction_read_only=off'
  return new pg.Client({
    ssl: false,
    options,
    application_name: 'lepton-setup',
    client_encoding: 'UTF8',
    connectionTimeoutMillis,
    // What the URL says comes before all of these.
    connectionString: url,
  })
}

interface ServerFacts {
  version: number
  isStandby: boolean
  isSuperuser: boolean
  mayCreate: boolean
}

async function describeServer(admin: pg.Client): Promise<ServerFacts> {
  const { rows } = await admin.query<ServerFacts>(
    `select current_setting('server_version_num')::int / 10000 as version, pg_is_in_recovery() as "isStandby",
            rolsuper as "isSuperuser", rolsuper or (rolcreatedb and rolcreaterole) as "mayCreate"
     from pg_roles where rolname = current_user`,
  )
  return rows[0]!
}

async function createDatabase(admin: pg.Client, name: string, password: string, server: ServerFacts) {
  const role = pg.escapeIdentifier(name)
  const secret = pg.escapeLiteral(password)
  const roles = await admin.query('select from pg_roles where rolname = $1', [name])
  if (roles.rowCount === 0) await admin.query(`create role ${role} login password ${secret}`)
  else await admin.query(`alter role ${role} login password ${secret}`)

  const { rows } = await admin.query<{ encoding: string }>(
    'select pg_encoding_to_char(encoding) as encoding from pg_database where datname = $1',
    [name],
  )
  const encoding = rows[0]?.encoding
  if (encoding === undefined) {
    // Only a member of the role may make it an owner; a superuser counts as one.
    if (!server.isSuperuser) await admin.query(`grant ${role} to current_user`)
    await admin.query(
      `create database ${role} owner ${role} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'` +
        (server.version >= 15 ? ' locale_provider libc' : ''),
    )
  } else if (encoding !== 'UTF8') {
    throw new Error(`The database ${name} is there and encoded in ${encoding}; the shop needs UTF8.`)
  }
  await admin.query(`revoke connect, temporary on database ${role} from public`)
}

/** Why a server that was given cannot be used, in a sentence; undefined when it can. */
export async function whyUnusable(adminUrl: string): Promise<string | undefined> {
  const client = createClient(adminUrl, 5_000)
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { version, isStandby, mayCreate } = await describeServer(client)
    if (version < MIN_MAJOR) return `It is PostgreSQL ${version}; the shop needs ${MIN_MAJOR} or newer.`
    if (isStandby) return 'It is a standby, which takes no writes: name the primary.'
    if (!mayCreate) return 'The role may not create databases and roles: it needs CREATEDB and CREATEROLE.'
    return undefined
  } catch (error) {
    return `It does not answer or refuses the role: ${(error as Error).message || (error as { code?: string }).code}.`
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Whether the server answers a query; a server that starts or recovers refuses it. */
export async function isAnswering(adminUrl: string): Promise<boolean> {
  const client = createClient(adminUrl, 2_000)
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

/** The same server with a service's database and role; without a password where it is kept in a file. */
export function ownerUrl(adminUrl: string, owner: DatabaseOwner, password = ''): string {
  const url = new URL(adminUrl)
  url.username = databaseName(owner)
  url.pathname = `/${databaseName(owner)}`
  return withPassword(url.href, password)
}

/** The URL with this password, whatever characters it has: the setter of URL leaves a percent sign as it is. */
export function withPassword(url: string, password: string): string {
  const given = new URL(url)
  given.password = encodeURIComponent(password)
  return given.href
}
