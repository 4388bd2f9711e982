import pg from 'pg'
import { databaseName, type DatabaseOwner, schemaOwner } from './services.ts'

/** A handed-over table is locked for a moment, which those who use it have to leave free by then. */
const HAND_OVER_MS = 10_000
/** What a service may do with what is in its schema. */
const RIGHTS = [
  ['select, insert, update, delete', 'tables'],
  // The relay reads how far the sequence of the outbox is.
  ['usage, select', 'sequences'],
  ['execute', 'functions'],
] as const

/** The oldest PostgreSQL that the shop runs on. */
export const MIN_MAJOR = 14

/**
 * Gives every service a database of its own with two roles: one that owns it and cannot log in, and the service's, which
 * reads and writes its tables and can change none. No other service may connect to it.
 *
 * Running it again changes nothing but the passwords, which become the ones given; a database of an older shop, which
 * the service's role owned, is handed over. It needs a role that may create roles and databases; it need not be a superuser.
 */
export async function createDatabases(adminUrl: string, passwords: Record<DatabaseOwner, string>) {
  await asAdmin(adminUrl, async (admin) => {
    const server = await describeServer(admin)
    for (const [owner, password] of Object.entries(passwords) as [DatabaseOwner, string][]) {
      await createRoles(admin, owner, password, server)
      await createDatabase(admin, owner, server)
      await asAdmin(databaseUrl(adminUrl, owner), (inside) => grantRights(inside, owner, server))
    }
  })
}

async function asAdmin(url: string, work: (admin: pg.Client) => Promise<void>): Promise<void> {
  const admin = createClient(url, 10_000)
  await admin.connect()
  try {
    await work(admin)
  } finally {
    await admin.end()
  }
}

/** All that the connection depends on: variables such as PGSSLMODE in the user's shell are meant for other servers. */
export function createClient(url: string, connectionTimeoutMillis: number): pg.Client {
  const options =
    '-c search_path=pg_catalog -c standard_conforming_strings=on -c default_transaction_read_only=off'
  const client = new pg.Client({
    ssl: false,
    options,
    application_name: 'lepton-setup',
    client_encoding: 'UTF8',
    connectionTimeoutMillis,
    // What the URL says comes before all of these.
    connectionString: url,
  })
  // A server that stops ends its sessions: without a listener that ends the process. What was asked for fails with it.
  client.on('error', () => undefined)
  return client
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

async function createRoles(
  admin: pg.Client,
  owner: DatabaseOwner,
  password: string,
  { isSuperuser }: ServerFacts,
): Promise<void> {
  const logins = {
    [databaseName(owner)]: `login password ${pg.escapeLiteral(password)}`,
    [schemaOwner(owner)]: 'nologin',
  }
  for (const [name, login] of Object.entries(logins)) {
    const role = pg.escapeIdentifier(name)
    const known = await admin.query('select from pg_roles where rolname = $1', [name])
    await admin.query(`${known.rowCount === 0 ? 'create' : 'alter'} role ${role} ${login}`)
    // Only a member of a role may act for it; a superuser counts as one.
    if (!isSuperuser) await admin.query(`grant ${role} to current_user`)
  }
}

async function createDatabase(admin: pg.Client, owner: DatabaseOwner, { version }: ServerFacts) {
  const name = databaseName(owner)
  const [database, role] = [pg.escapeIdentifier(name), pg.escapeIdentifier(schemaOwner(owner))]
  const { rows } = await admin.query<{ encoding: string }>(
    'select pg_encoding_to_char(encoding) as encoding from pg_database where datname = $1',
    [name],
  )
  const encoding = rows[0]?.encoding
  if (encoding === undefined) {
    await admin.query(
      `create database ${database} owner ${role} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'` +
        (version >= 15 ? ' locale_provider libc' : ''),
    )
  } else if (encoding !== 'UTF8') {
    throw new Error(`The database ${name} is there and encoded in ${encoding}; the shop needs UTF8.`)
  }
  await admin.query(`revoke connect, temporary on database ${database} from public`)
}

/** In the service's own database: what there is and what will be belongs to the owner, and the service may use it. */
async function grantRights(inside: pg.Client, owner: DatabaseOwner, { isSuperuser }: ServerFacts) {
  const [name, owning] = [databaseName(owner), schemaOwner(owner)]
  const [service, role] = [pg.escapeIdentifier(name), pg.escapeIdentifier(owning)]
  const { rows } = await inside.query<{ is_old: boolean }>(
    `select pg_get_userbyid(datdba) = $1 as is_old from pg_database where datname = $1`,
    [name],
  )
  await inside.query(`set lock_timeout = '${HAND_OVER_MS}ms'`)
  await inside.query('begin')
  await inside.query(`select pg_advisory_xact_lock(hashtext('lepton rights'))`)
  if (rows[0]!.is_old) await inside.query(`reassign owned by ${service} to ${role}`)
  if (isSuperuser) await inside.query(`alter schema public owner to ${role}`)
  await inside.query(`set local role ${role}`)
  await inside.query(
    [
      `grant connect on database ${service} to ${service}`,
      `revoke all on schema public from public, ${service}`,
      `grant usage on schema public to ${service}`,
      ...RIGHTS.flatMap(([rights, kind]) => [
        `grant ${rights} on all ${kind} in schema public to ${service}`,
        `alter default privileges for role ${role} in schema public grant ${rights} on ${kind} to ${service}`,
      ]),
    ].join('; '),
  )
  await inside.query('commit')
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
  const url = new URL(databaseUrl(adminUrl, owner))
  url.username = databaseName(owner)
  return withPassword(url.href, password)
}

/** The same server and role with a service's database. */
export function databaseUrl(adminUrl: string, owner: DatabaseOwner): string {
  const url = new URL(adminUrl)
  url.pathname = `/${databaseName(owner)}`
  return url.href
}

/** The URL with this password, whatever characters it has: the setter of URL leaves a percent sign as it is. */
export function withPassword(url: string, password: string): string {
  const given = new URL(url)
  given.password = encodeURIComponent(password)
  return given.href
}
