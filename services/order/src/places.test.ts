import { describe, expect, it } from '@jest/globals'
import { createPlaces } from './places.ts'

const settings = { maxPerCustomer: 2, maxWaiting: 6, maxWaitingPerCustomer: 4 }

/** A queue that notes who is inside, in the order they came in. */
function open(limit = () => 4) {
  const places = createPlaces({ ...settings, limit })
  const inside: string[] = []
  const ways = new Map<string, () => void>()
  return {
    inside,
    turnsBefore: places.turnsBefore,
    async enter(name: string): Promise<boolean> {
      const place = places.enter(name[0]!)
      void place?.then((leave) => {
        inside.push(name)
        ways.set(name, leave)
      })
      await Promise.resolve()
      return place !== undefined
    },
    async leave(name: string): Promise<void> {
      inside.splice(inside.indexOf(name), 1)
      ways.get(name)!()
      await Promise.resolve()
      await Promise.resolve()
    },
  }
}

describe('places', () => {
  it('are not all for one customer: another comes in beside it', async () => {
    const queue = open()
    for (const name of ['a1', 'a2', 'a3', 'a4', 'b1']) await queue.enter(name)
    expect(queue.inside).toEqual(['a1', 'a2', 'b1'])

    await queue.leave('b1')
    expect(queue.inside).toEqual(['a1', 'a2'])
    await queue.leave('a1')
    expect(queue.inside).toEqual(['a2', 'a3'])
  })

  it('go to those who wait in turn by customer', async () => {
    const queue = open()
    for (const name of ['a1', 'a2', 'b1', 'b2', 'a3', 'a4', 'c1', 'd1']) await queue.enter(name)
    expect(queue.inside).toEqual(['a1', 'a2', 'b1', 'b2'])

    for (const name of ['a1', 'a2', 'b1']) await queue.leave(name)

    expect(queue.inside).toEqual(['b2', 'a3', 'c1', 'd1'])
  })

  it('are waited for by so many of one customer, and so many in all', async () => {
    const queue = open()
    for (const name of ['a1', 'a2', 'b1', 'b2']) await queue.enter(name)

    const waits = []
    for (const name of ['a3', 'a4', 'a5', 'a6', 'a7', 'b3', 'b4', 'b5', 'c1'])
      waits.push(await queue.enter(name))

    expect(waits).toEqual([true, true, true, true, false, true, true, false, false])
  })

  it('say how many come before one more: a customer’s tenth waits behind the others’ first ten only', async () => {
    const queue = open()
    for (const name of ['a1', 'a2', 'b1', 'b2', 'a3', 'a4', 'a5', 'a6', 'b3']) await queue.enter(name)

    expect(['a', 'b', 'c'].map(queue.turnsBefore)).toEqual([5, 3, 2])
  })

  it('are as many as may be at the moment', async () => {
    let limit = 4
    const queue = open(() => limit)
    for (const name of ['a1', 'b1', 'c1', 'd1', 'e1', 'f1', 'g1']) await queue.enter(name)

    limit = 2
    for (const name of ['a1', 'b1']) await queue.leave(name)
    expect(queue.inside).toEqual(['c1', 'd1'])

    limit = 4
    await queue.leave('c1')
    expect(queue.inside).toEqual(['d1', 'e1', 'f1', 'g1'])
  })

  it('are all given in the end, in whatever order they are left', async () => {
    const queue = open()
    const names = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'c1', 'c2']
    for (const name of names) await queue.enter(name)
    const seen = new Set<string>()
    while (queue.inside.length > 0) {
      for (const name of queue.inside) seen.add(name)
      await queue.leave(queue.inside.at(-1)!)
    }
    expect([...seen].sort()).toEqual(names)
  })
})
