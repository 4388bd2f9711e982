import { expect, it } from '@jest/globals'
import { useDatabase } from '@lepton/testing/database'

const CONTRARY = {
  TimeZone: "'Asia/Tokyo'",
  DateStyle: "'SQL, DMY'",
  IntervalStyle: "'iso_8601'",
  client_encoding: "'LATIN1'",
  search_path: "'nowhere'",
  bytea_output: "'escape'",
  standard_conforming_strings: 'off',
  default_transaction_isolation: "'serializable'",
  default_transaction_read_only: 'on',
  default_transaction_deferrable: 'on',
}

const database = useDatabase('events')

it('does not depend on what the database has set for its sessions', async () => {
  const before = database.open()
  const { rows } = await before.query<{ name: string }>('select current_database() as name')
  for (const [name, value] of Object.entries(CONTRARY)) {
    await before.query(`alter database ${rows[0]!.name} set ${name} to ${value}`)
  }
  const client = await database.open().connect('settings')
  try {
    const read = async (name: string) => {
      const { rows: settings } = await client.query<{ value: string }>(
        'select current_setting($1) as value',
        [name],
      )
      return [name, settings[0]!.value]
    }
    const session = []
    for (const name of Object.keys(CONTRARY)) session.push(await read(name))

    expect(Object.fromEntries(session)).toEqual({
      TimeZone: 'UTC',
      DateStyle: 'ISO, YMD',
      IntervalStyle: 'postgres',
      client_encoding: 'UTF8',
      search_path: 'public',
      bytea_output: 'hex',
      standard_conforming_strings: 'on',
      default_transaction_isolation: 'read committed',
      default_transaction_read_only: 'off',
      default_transaction_deferrable: 'off',
    })
  } finally {
    await client.end()
  }
})
