import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { createLog } from '@lepton/common/runtime/log'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { maintainPartitions } from '@lepton/events/partitions'
import { createDatabase } from '@lepton/events/postgres/database'
import { assertMigrated, migrate, NotMigrated } from '@lepton/events/postgres/migrate'
import { preparePostgres } from '@lepton/local/postgres'
import { startTestServer, type TestServer } from '@lepton/testing/servers'
import pg from 'pg'
import { createClient, createDatabases, databaseUrl, ownerUrl } from '@lepton/setup/databases'
import { migrateAll } from '@lepton/setup/schemas'
import { DATABASE_OWNERS, databaseName, ofEachOwner } from '@lepton/setup/services'

jest.setTimeout(60_000)

const PASSWORDS = ofEachOwner((owner) => `password of ${owner}`)
const ORDERS = new URL('../../services/order/migrations/', import.meta.url)
const DENIED = { code: '42501' }
const log = createLog({ service: 'setup', instance: 'setup-test', level: 'silent' })

let server: TestServer

beforeAll(async () => {
  server = await startTestServer(preparePostgres)
})
afterAll(() => server.stop())

/** As the role of the order service. */
const ownUrl = () => ownerUrl(server.address, 'order', PASSWORDS.order)

async function ask<R extends pg.QueryResultRow>(url: string, sql: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<R>(sql)).rows
  } finally {
    await client.end()
  }
}

async function setUp(adminUrl = server.address): Promise<void> {
  await createDatabases(adminUrl, PASSWORDS)
  await migrateAll(adminUrl)
}

/** What a service does with its database, and what it may not. */
async function expectSound(): Promise<void> {
  const database = createDatabase({ url: ownUrl(), poolSize: 2 }, log, createMetrics())
  try {
    await assertMigrated(database, { folder: ORDERS })
    await maintainPartitions(database)
    await database.query(`insert into ops_audit (who, action, target) values ('a', 'b', 'c')`)
    await database.query('delete from ops_audit')
    await database.query('select last_value from outbox_id_seq')
  } finally {
    await database.close()
  }
  await expect(ask(ownUrl(), 'create table taken (id int)')).rejects.toMatchObject(DENIED)
  await expect(ask(ownUrl(), 'drop table order_stream')).rejects.toMatchObject(DENIED)
  await expect(ask(ownUrl(), 'set role lepton_order_owner')).rejects.toMatchObject(DENIED)
  await expect(
    ask(ownerUrl(server.address, 'cart', PASSWORDS.cart).replace(/lepton_cart$/, 'lepton_order'), 'select 1'),
  ).rejects.toMatchObject(DENIED)
}

async function dropEverything(): Promise<void> {
  for (const owner of DATABASE_OWNERS) {
    const name = databaseName(owner)
    await ask(server.address, `drop database if exists ${name}`)
    for (const role of [name, `${name}_owner`]) await ask(server.address, `drop role if exists ${role}`)
  }
}

describe('the databases', () => {
  it('end no process with the session that is making them', async () => {
    const client = createClient(server.address, 5_000)
    await client.connect()
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const ended = new Promise<void>((resolve) => client.once('end', resolve))
    await ask(server.address, `select pg_terminate_backend(${rows[0]!.pid})`)
    await ended
    await expect(client.query('select 1')).rejects.toThrow()
  })

  it('belong to a role that cannot log in, and are used by one that cannot change them', async () => {
    await setUp()
    await setUp()
    await expectSound()
    const [row] = await ask<{ can: boolean }>(
      server.address,
      `select rolcanlogin as can from pg_roles where rolname = 'lepton_order_owner'`,
    )
    expect(row).toEqual({ can: false })
    await dropEverything()
  })

  it('of an older shop, which its service owned, are handed over with what is in them', async () => {
    await ask(server.address, `create role lepton_order login password 'old'`)
    await ask(server.address, `create database lepton_order owner lepton_order template template0`)
    const old = createDatabase(
      { url: ownerUrl(server.address, 'order', 'old'), poolSize: 1 },
      log,
      createMetrics(),
    )
    await migrate(old, { folder: ORDERS }, log)
    await maintainPartitions(old)
    await old.query(`insert into ops_audit (who, action, target) values ('an operator', 'kept', 'it')`)
    await old.query('create table of_old (id int)')
    await old.close()

    await setUp()

    expect(await ask(ownUrl(), 'select who, action from ops_audit')).toEqual([
      { who: 'an operator', action: 'kept' },
    ])
    await expectSound()
    const owned = await ask(
      databaseUrl(server.address, 'order'),
      `select relname from pg_class where pg_get_userbyid(relowner) = 'lepton_order'`,
    )
    expect(owned).toEqual([])
    await dropEverything()
  })

  it('can be made by a role that is no superuser', async () => {
    await ask(server.address, `create role maker login createdb createrole password 'maker'`)
    const url = new URL(server.address)
    url.username = url.password = 'maker'

    await setUp(url.href)
    await setUp(url.href)

    await expectSound()
    await dropEverything()
    await ask(server.address, 'drop role maker')
  })
})

it('a service cannot make its schema itself', async () => {
  await createDatabases(server.address, PASSWORDS)
  const database = createDatabase({ url: ownUrl(), poolSize: 1 }, log, createMetrics())
  await expect(migrate(database, { folder: ORDERS }, log)).rejects.toThrow(/permission denied/)
  await expect(assertMigrated(database, { folder: ORDERS })).rejects.toThrow(NotMigrated)
  await database.close()
})
