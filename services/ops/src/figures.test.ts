import { describe, expect, it } from '@jest/globals'
import type { Snapshot } from '@lepton/common/http/snapshot'
import { addUp, answeredBetween, quantileMs, ratesOf } from './figures.ts'

const LE = [0.01, 0.1, 1]
const NOTHING = {
  le: [],
  requests: [],
  calls: [],
  outbox: null,
  lag_records: null,
  dead_letters: null,
  anomalies: 0,
  rtt_le: [],
  targets: [],
  consumed: [],
  relay: null,
  certificate_expires_s: null,
  inbound_limit: null,
  shed: [],
  pool: null,
}

function snapshot(atS: number, count: number, buckets: number[], rest: Partial<Snapshot> = {}): Snapshot {
  return {
    ...NOTHING,
    service: 'order',
    instance: 'order-1',
    boot_id: 'a boot',
    pid: 1,
    started_at: '2026-01-01T00:00:00.000Z',
    at: new Date(Date.UTC(2026, 0, 1) + atS * 1_000).toISOString(),
    rss_bytes: 1,
    cpu_share: 0,
    loop_share: 0,
    streams: 0,
    in_flight: 0,
    le: LE,
    requests: [{ method: 'GET', route: '/orders', count, failed: count / 10, buckets }],
    ...rest,
  }
}

describe('what an instance did between two snapshots', () => {
  it('is the difference of its counts, by second', () => {
    const answered = answeredBetween(
      snapshot(0, 100, [0, 100, 100, 100]),
      snapshot(2, 120, [20, 120, 120, 120]),
    )

    expect(ratesOf(answered)).toEqual({ requests_per_s: 10, error_share: 0.1, p99_ms: 9.9 })
  })

  it('is not known of one snapshot, nor of two boots: a restart is no negative rate', () => {
    const later = snapshot(2, 1, [1, 1, 1, 1], { boot_id: 'another boot' })

    expect(answeredBetween(undefined, later)).toBeUndefined()
    expect(answeredBetween(snapshot(0, 100, [100, 100, 100, 100]), later)).toBeUndefined()
    expect(ratesOf(undefined).requests_per_s).toBeNull()
  })

  it('counts a route that was not there before from nothing', () => {
    const before = snapshot(0, 0, [], { requests: [] })

    expect(answeredBetween(before, snapshot(2, 20, [20, 20, 20, 20]))?.count).toBe(20)
  })

  it('adds up over instances, and its p99 is that of all, not the mean of theirs', () => {
    const quick = answeredBetween(snapshot(0, 0, [0, 0, 0, 0]), snapshot(2, 90, [90, 90, 90, 90]))!
    const slow = answeredBetween(snapshot(0, 0, [0, 0, 0, 0]), snapshot(2, 10, [0, 0, 10, 10]))!

    const { requests_per_s, p99_ms } = ratesOf(addUp([quick, slow]))
    expect(requests_per_s).toBe(50)
    expect(p99_ms).toBeCloseTo(910)
  })

  it('of nothing has no p99 and no share of errors, which are not 0', () => {
    const idle = answeredBetween(snapshot(0, 5, [5, 5, 5, 5]), snapshot(2, 5, [5, 5, 5, 5]))

    expect(ratesOf(idle)).toEqual({ requests_per_s: 0, error_share: null, p99_ms: null })
  })

  it('is at least the last bound where it was slower than that', () => {
    expect(quantileMs(LE, [0, 0, 0, 3], 0.99)).toBe(1_000)
  })
})
