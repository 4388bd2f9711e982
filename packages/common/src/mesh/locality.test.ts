import { describe, expect, it } from '@jest/globals'
import { createEndpoint, type Endpoint } from './endpoint.ts'
import { levelsOf, localityDefaults } from './locality.ts'
import { subsetOf } from './subset.ts'

function endpoint(name: string, meta: Record<string, string> = {}): Endpoint {
  const instance = { id: name, name, address: '', port: 0, tags: [], meta, isWarning: false, weight: 1 }
  return createEndpoint({ ...instance, tier: 'verified' }, 0, 1)
}

const inZone = (zone: string, count: number, region = 'eu') =>
  Array.from({ length: count }, (_, index) => endpoint(`${zone}-${index}`, { zone, region }))

/** How the requests of a client in zone a are spread, in per cent by zone, with some of the endpoints out. */
function spread(all: Endpoint[], out: readonly string[] = [], place = { zone: 'a', region: 'eu' }) {
  const usable = new Set(all.filter(({ instance }) => !out.includes(instance.name)))
  const levels = levelsOf(all, usable, { ...localityDefaults, ...place })
  return levels.map(({ share, endpoints }) => ({
    percent: Math.round(share * 100),
    names: endpoints.map(({ instance }) => instance.name),
  }))
}

describe('nearness', () => {
  const a = inZone('a', 4)
  const b = inZone('b', 4)

  it('keeps requests in their own zone while enough of it is usable', () => {
    const own = ['a-0', 'a-1', 'a-2', 'a-3']
    expect(spread([...b, ...a])).toEqual([{ percent: 100, names: own }])
    expect(spread([...a, ...b], ['a-0'])).toEqual([{ percent: 100, names: own.slice(1) }])
  })

  it('sends on what half of a zone cannot take, and all when the zone is lost', () => {
    expect(spread([...a, ...b], ['a-0', 'a-1']).map(({ percent }) => percent)).toEqual([70, 30])
    expect(spread([...a, ...b], ['a-0', 'a-1', 'a-2', 'a-3']).map(({ percent }) => percent)).toEqual([100])
  })

  it('goes from the zone to its region, and from there to anywhere', () => {
    const far = inZone('z', 4, 'us')
    const out = ['a-0', 'a-1', 'a-2', 'a-3', 'b-0', 'b-1']
    expect(spread([...a, ...b, ...far], out).map(({ percent }) => percent)).toEqual([70, 30])
  })

  it('does not count too few endpoints as a zone', () => {
    const few = spread([...inZone('a', 2), ...b])
    expect(few).toEqual([{ percent: 100, names: ['a-0', 'a-1', 'b-0', 'b-1', 'b-2', 'b-3'] }])
  })

  it('says nothing to a client without a place', () => {
    expect(levelsOf(a, new Set(a), localityDefaults)).toEqual([])
  })

  it('leaves nothing out when every zone is half lost', () => {
    const out = ['a-0', 'a-1', 'a-2', 'b-0', 'b-1', 'b-2']
    const levels = spread([...a, ...b], out)
    expect(levels.reduce((sum, { percent }) => sum + percent, 0)).toBe(100)
  })
})

describe('a subset of many endpoints', () => {
  const many = Array.from({ length: 200 }, (_, index) => endpoint(`order-${index}`))
  const settings = { above: 50, size: 20 }
  const names = (endpoints: readonly Endpoint[]) => endpoints.map(({ instance }) => instance.name)

  it('is all of them up to a bound', () => {
    expect(subsetOf(many.slice(0, 50), settings, 1)).toHaveLength(50)
  })

  it('moves by one at most when an endpoint goes', () => {
    const before = names(subsetOf(many, settings, 1))
    for (const gone of before.slice(0, 5)) {
      const after = names(
        subsetOf(
          many.filter(({ instance }) => instance.name !== gone),
          settings,
          1,
        ),
      )
      expect(after.filter((name) => !before.includes(name))).toHaveLength(1)
    }
  })

  it('gives all endpoints about as many clients', () => {
    const clients = new Map<string, number>()
    for (let client = 0; client < 2_000; client++)
      for (const name of names(subsetOf(many, settings, client * 2_654_435_761)))
        clients.set(name, (clients.get(name) ?? 0) + 1)

    // Each of 200 endpoints is one of 20 for a tenth of 2 000 clients.
    const counts = many.map(({ instance }) => clients.get(instance.name) ?? 0)
    expect(Math.min(...counts)).toBeGreaterThan(140)
    expect(Math.max(...counts)).toBeLessThan(260)
  })
})
