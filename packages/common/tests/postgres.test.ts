import { beforeAll, describe, expect, it } from '@jest/globals'
import { useDatabase } from '@lepton/testing/database'
import type { Database } from '../src/postgres.ts'

const test = useDatabase('common')
let database: Database

beforeAll(() => {
  database = test.open()
})

describe('a transaction', () => {
  it('stores what its work did', async () => {
    await database.inTransaction((tx) => tx.query(`insert into tally (key, total) values ('a', 3)`))
    const { rows } = await database.query<{ total: number }>(`select total from tally where key = 'a'`)
    expect(rows).toEqual([{ total: 3 }])
  })
})
