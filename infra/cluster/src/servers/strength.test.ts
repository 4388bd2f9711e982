import { expect, it } from '@jest/globals'
import { postgresStrength } from './strength.ts'

const REPLICA = { role: 'replica', replication_state: 'streaming', replication: [] }
const GONE = { replication: [] }

function primaryFollowedBy(...standbys: [name: string, state: string, syncState: string][]) {
  return {
    role: 'primary',
    replication: standbys.map(([application_name, state, sync_state]) => ({
      application_name,
      state,
      sync_state,
    })),
  }
}

it('is whole once every standby streams and counts for a commit', () => {
  const primary = primaryFollowedBy(['m2', 'streaming', 'quorum'], ['m3', 'streaming', 'quorum'])
  expect(
    postgresStrength([
      ['m1', primary],
      ['m2', REPLICA],
      ['m3', REPLICA],
    ]),
  ).toEqual({ roles: { m1: ['primary of PostgreSQL'] }, lacks: [] })
})

it.each([
  [
    'streams, and is not asked yet',
    REPLICA,
    primaryFollowedBy(['m1', 'streaming', 'async'], ['m2', 'streaming', 'quorum']),
  ],
  ['catches up', REPLICA, primaryFollowedBy(['m1', 'catchup', 'quorum'], ['m2', 'streaming', 'quorum'])],
  [
    'does not stream by its own word',
    { role: 'replica', replication: [] },
    primaryFollowedBy(['m1', 'streaming', 'quorum'], ['m2', 'streaming', 'quorum']),
  ],
  ['is not connected to the primary', REPLICA, primaryFollowedBy(['m2', 'streaming', 'quorum'])],
  ['does not answer', GONE, primaryFollowedBy(['m2', 'streaming', 'quorum'])],
])('lacks a machine that %s', (_what, m1, m3) => {
  expect(
    postgresStrength([
      ['m1', m1],
      ['m2', REPLICA],
      ['m3', m3],
    ]).lacks,
  ).toEqual(['PostgreSQL on m1'])
})

it('lacks a primary while there is none, and is not whole with two', () => {
  expect(
    postgresStrength([
      ['m1', REPLICA],
      ['m2', GONE],
    ]).lacks,
  ).toEqual(['a primary of PostgreSQL'])
  const lonely = primaryFollowedBy()
  expect(
    postgresStrength([
      ['m1', lonely],
      ['m2', lonely],
    ]).lacks,
  ).toContain('one primary of PostgreSQL, not m2, too')
})
