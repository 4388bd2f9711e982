import { describe, expect, it } from '@jest/globals'
import { inboxHorizonMs, wantedPartitions } from './partitions.ts'

const DAY_MS = 86_400_000
const now = Date.parse('2026-03-04T12:00:00.000Z')

describe('the partitions that must be there', () => {
  it('cover the outbox from today for two weeks, day by day, without a gap', () => {
    const days = wantedPartitions(now).filter(({ parent }) => parent === 'outbox')
    expect(days[0]).toMatchObject({ name: 'outbox_20260304', from: '2026-03-04T00:00:00.000Z' })
    expect(days.length).toBeGreaterThanOrEqual(14)
    expect(days.slice(1).map(({ from }) => from)).toEqual(days.slice(0, -1).map(({ to }) => to))
  })

  it('cover the inbox from its horizon to two weeks ahead, week by week, without a gap', () => {
    const weeks = wantedPartitions(now).filter(({ parent }) => parent === 'inbox')
    expect(weeks.slice(1).map(({ from }) => from)).toEqual(weeks.slice(0, -1).map(({ to }) => to))
    expect(now - inboxHorizonMs(now)).toBeGreaterThanOrEqual(35 * DAY_MS)
    expect(now - inboxHorizonMs(now)).toBeLessThan(42 * DAY_MS)
  })

  it('are the same for every instant of a day', () => {
    const names = (ms: number) => wantedPartitions(ms).map(({ name }) => name)
    expect(names(Date.parse('2026-03-04T00:00:00.001Z'))).toEqual(
      names(Date.parse('2026-03-04T23:59:59.999Z')).slice(
        0,
        names(Date.parse('2026-03-04T00:00:00.001Z')).length,
      ),
    )
  })
})
