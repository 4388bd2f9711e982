import { describe, expect, it } from '@jest/globals'
import { createFleet, type Seen, type Sight, stateOf, whatHappened } from './fleet.ts'

const process = { status: 'ready', pid: 1, restarts: 0 }
const sight: Sight = { name: 'order-1', service: 'order', registry: 'verified', process, answered: true }
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second))

describe('an instance', () => {
  it.each<[string, Partial<Sight>, string]>([
    ['passes where registry, launcher and its own answer agree', {}, 'passing'],
    ['passes where no launcher is there to ask', { process: undefined }, 'passing'],
    [
      'fails while it is paused, although its last answer was good',
      { process: { ...process, status: 'paused' } },
      'failing',
    ],
    ['fails while it is started again', { process: { ...process, status: 'backing_off' } }, 'failing'],
    ['fails when it does not answer, whatever the registry says', { answered: false }, 'failing'],
    ['is not green before it was asked', { answered: undefined }, 'warning'],
    ['warns when the registry lost it and it answers', { registry: 'unverified' }, 'warning'],
    ['warns when its own check does', { registry: 'warning' }, 'warning'],
    [
      'is gone when neither registry nor launcher knows it',
      { registry: undefined, process: undefined, answered: false },
      'gone',
    ],
  ])('%s', (_what, given, state) => {
    const seen = stateOf({ ...sight, ...given })

    expect(seen.state).toBe(state)
    expect(seen.because === null).toBe(state === 'passing')
  })
})

describe('the fleet', () => {
  function watched() {
    const happened: (string | undefined)[] = []
    const fleet = createFleet((seen, before) => happened.push(whatHappened(seen, before)))
    return { fleet, happened }
  }

  it('says once what happened, and since when it is so', () => {
    const { fleet, happened } = watched()
    fleet.see([sight], at(0))
    fleet.see([sight], at(2))
    fleet.see([{ ...sight, answered: false }], at(4))
    fleet.see([{ ...sight, answered: false }], at(6))
    expect(fleet.all()[0]).toMatchObject({ state: 'failing', since: at(4).toISOString() })
    fleet.see([sight], at(8))

    expect(happened).toEqual(['answers', 'does not answer within 500 ms', 'answers again'])
  })

  it('sees a restart that was too quick for a look in between', () => {
    const { fleet, happened } = watched()
    fleet.see([sight], at(0))
    fleet.see([{ ...sight, process: { ...process, pid: 2, restarts: 1 } }], at(1))

    expect(happened.at(-1)).toBe('ended and was started again')
  })

  it('keeps what has gone for ten minutes, with the reason', () => {
    const { fleet } = watched()
    fleet.see([sight, { ...sight, name: 'order-2' }], at(0))
    fleet.see([sight], at(1))

    expect(fleet.all()[1]).toMatchObject({ name: 'order-2', state: 'gone', because: 'left the registry' })
    fleet.see([sight], at(602))
    expect(fleet.all().map(({ name }: Seen) => name)).toEqual(['order-1'])
  })

  it('expects no more of a release that was replaced where there is no launcher to ask, and one instance where all have left', () => {
    const { fleet } = watched()
    const named = (...names: string[]) => names.map((name) => ({ ...sight, name, process: undefined }))
    const expected = () => fleet.expected('order', false)

    expect(expected()).toBe(0)
    fleet.see(named('order-old-1', 'order-old-2'), at(0))
    fleet.see(named('order-old-1', 'order-old-2', 'order-new-1'), at(1))
    expect(expected()).toBe(3)
    fleet.see(named('order-new-1', 'order-new-2'), at(2))
    expect(expected()).toBe(2)
    fleet.see([], at(3))
    expect(expected()).toBe(1)
  })

  it('says 0 of 2 when all instances of a service are down', () => {
    const { fleet } = watched()
    const both = [sight, { ...sight, name: 'order-2' }]
    fleet.see(both, at(0))
    fleet.see(
      both.map((one) => ({ ...one, registry: undefined, process: { ...process, status: 'failed' } })),
      at(1),
    )

    expect(fleet.all().map(({ state }) => state)).toEqual(['failing', 'failing'])
    expect(fleet.expected('order', true)).toBe(2)
  })
})
