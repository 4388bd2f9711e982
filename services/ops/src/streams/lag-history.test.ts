import { describe, expect, it } from '@jest/globals'
import { clearsInS, createLagHistory } from './lag-history.ts'

const lag = (end: number, committed: number, partition = 0, owner: string | null = 'order-1') => ({
  group: 'order',
  topic: 'cart.v1',
  partition,
  end,
  committed,
  owner,
})

describe('how far a reader is behind', () => {
  it('is records, seconds, both rates and the trend, over its partitions', () => {
    const history = createLagHistory()
    history.add([lag(100, 100), lag(50, 50, 1)], 0)
    history.add([lag(140, 110), lag(50, 50, 1)], 10_000)
    history.add([lag(180, 120), lag(50, 50, 1)], 20_000)

    const seen = history.of('order', 'cart.v1')!

    expect(seen).toMatchObject({ records: 60, appendedPerS: 4, consumedPerS: 1, trendPerS: 3 })
    // Record 120 came between the first and the second look.
    expect(seen.seconds).toBe(20)
    expect(seen.partitions.map(({ lag_records }) => lag_records)).toEqual([60, 0])
    expect(history.of('order', 'payment.v1')).toMatchObject({ records: 0, partitions: [] })
  })

  it('is not behind for any time where nothing waits, and has no rate at the first look', () => {
    const history = createLagHistory()
    expect(history.of('order', 'cart.v1')).toBeUndefined()
    history.add([lag(7, 7, 0, null)], 0)
    expect(history.of('order', 'cart.v1')).toMatchObject({ seconds: 0, trendPerS: null, appendedPerS: null })
  })

  it('says at least how long, where it is older than what is remembered', () => {
    const history = createLagHistory()
    for (let look = 0; look < 400; look++) history.add([lag(1_000 + look, 0)], look * 4_000)
    expect(history.of('order', 'cart.v1')!.seconds).toBe(149 * 4)
  })
})

describe('when a lag is gone', () => {
  it.each([
    [0, 5, 5, 0],
    [100, 5, 15, 10],
    [100, 15, 15, null],
    [100, null, 15, null],
  ])('%i records at %s appended and %s consumed: %s s', (records, appended, consumed, seconds) => {
    expect(clearsInS(records, appended, consumed)).toBe(seconds)
  })
})
