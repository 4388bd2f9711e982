import { expect, it } from '@jest/globals'
import { DATABASE_OWNERS } from '@lepton/setup/services'
import { target } from '../journeys/world.ts'

/** What a service that was taken over may not do in its own database. */
const FORBIDDEN = [
  'create table taken (id int)',
  'create temporary table taken (id int)',
  'drop table outbox_pending',
  'truncate outbox_pending',
  'alter table outbox_pending add column taken int',
  'create function taken() returns int language sql as $$ select 1 $$',
  `insert into service_migrations (name, run_on) values ('taken', now())`,
  `select make_partition('outbox', 'order_events', '2030-01-01', '2030-01-02')`,
  `select drop_partition('outbox_' || to_char(now(), 'YYYYMMDD'))`,
]

/** The role of a service has the rows of its tables, and not the tables. */
export function databaseRoles(): void {
  const onThisMachine = target.inside === undefined ? it.skip : it

  onThisMachine.each(DATABASE_OWNERS)('%s cannot change its schema', async (owner) => {
    for (const sql of FORBIDDEN) {
      const refused = await target.query(owner, sql).then(
        () => 'it was let',
        (error: unknown) => (error as { code?: string }).code,
      )
      expect([sql, refused]).toEqual([sql, '42501'])
    }
  })

  onThisMachine.each(DATABASE_OWNERS)('%s reads how far its outbox is, as its relay does', async (owner) => {
    expect(await target.query(owner, 'select is_called from outbox_id_seq')).toHaveLength(1)
  })

  onThisMachine('the order service cannot switch off what keeps its facts', async () => {
    await expect(
      target.query('order', 'alter table order_events disable trigger append_only'),
    ).rejects.toMatchObject({ code: '42501' })
  })
}
