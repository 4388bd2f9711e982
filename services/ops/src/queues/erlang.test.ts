import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { erlangC, predict } from './erlang.ts'

describe('Erlang C', () => {
  // Published tables: Gross & Harris, "Fundamentals of Queueing Theory"; Cooper, "Introduction to Queueing Theory".
  it.each([
    [1, 0.5, 0.5],
    [2, 1, 1 / 3],
    [2, 1.5, 0.642857],
    [3, 2, 4 / 9],
    [5, 4, 0.554113],
    [10, 8, 0.40918],
    [100, 90, 0.216951],
  ])('of %i servers under %f erlangs is %f', (servers, load, waits) => {
    expect(erlangC(servers, load)).toBeCloseTo(waits, 4)
  })

  it('is the utilisation where there is one server', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        (load) => Math.abs(erlangC(1, load) - load) < 1e-9,
      ),
    )
  })

  it('is a share, and less with one more server', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (servers, utilisation) => {
          const load = servers * utilisation
          const [waits, fewer] = [erlangC(servers, load), erlangC(servers + 1, load)]
          return waits >= 0 && waits <= 1 && fewer <= waits
        },
      ),
    )
  })
})

describe('a queue', () => {
  it('of one server is M/M/1: W = 1/(μ−λ)', () => {
    const { time_s, length } = predict({ arrivalsPerS: 8, servedPerS: 10, servers: 1 })!
    expect([time_s, length]).toEqual([expect.closeTo(0.5), expect.closeTo(4)])
  })

  it('of three servers waits as the textbook says: λ = 2, μ = 1, Wq = 4/9', () => {
    expect(predict({ arrivalsPerS: 2, servedPerS: 1, servers: 3 })!.wait_s).toBeCloseTo(4 / 9)
  })

  it('has no rest where as much arrives as can be served, or there is no server', () => {
    expect(predict({ arrivalsPerS: 20, servedPerS: 10, servers: 2 })).toBeUndefined()
    expect(predict({ arrivalsPerS: 0, servedPerS: 10, servers: 0 })).toBeUndefined()
  })

  it('waits as long as a simulated one does', () => {
    const [arrivalsPerS, servedPerS, servers] = [15, 10, 2]
    const { wait_s } = predict({ arrivalsPerS, servedPerS, servers })!
    expect(Math.abs(simulate(arrivalsPerS, servedPerS, servers) / wait_s - 1)).toBeLessThan(0.05)
  })
})

/** The mean wait of 200 000 customers of a queue with this seed. */
function simulate(arrivalsPerS: number, servedPerS: number, servers: number): number {
  let state = 42
  const random = () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647
  const exponential = (perS: number) => -Math.log(random()) / perS
  const freeAt = new Array<number>(servers).fill(0)
  let [atS, waited] = [0, 0]
  const customers = 200_000
  for (let count = 0; count < customers; count++) {
    atS += exponential(arrivalsPerS)
    const next = freeAt.indexOf(Math.min(...freeAt))
    const begins = Math.max(atS, freeAt[next]!)
    waited += begins - atS
    freeAt[next] = begins + exponential(servedPerS)
  }
  return waited / customers
}
