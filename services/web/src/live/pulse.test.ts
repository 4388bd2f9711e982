import { describe, expect, it } from '@jest/globals'
import { countInstances, instancesOf, type Pulse, silentIn } from './pulse-words.ts'

const since = '2026-01-01T00:00:00.000Z'
const service = (
  name: string,
  expected: number,
  states: Record<string, Pulse['services'][number]['instances'][number]['state']>,
): Pulse['services'][number] => ({
  service: name,
  expected,
  instances: Object.entries(states).map(([instance, state]) => ({ name: instance, state, since })),
})

describe('the instances on the plate', () => {
  it('are those that ought to run: one that is killed, and one that never came, are gone', () => {
    const services = [
      service('order', 2, { 'order-2': 'passing', 'order-1': 'failing' }),
      service('payment', 2, { 'payment-1': 'warning' }),
      service('ops', 1, { 'ops-1': 'passing' }),
    ]

    expect(instancesOf(services)).toEqual({ order: ['gone', 'alive'], payment: ['alive', 'gone'] })
    expect(countInstances(services)).toEqual({ answering: 3, expected: 5 })
    expect(silentIn(services)).toEqual(['order-1', 'payment'])
  })

  it('forget what left for good, while as many as ought to are there', () => {
    const services = [service('order', 2, { 'order-1': 'gone', 'order-2': 'passing', 'order-3': 'passing' })]

    expect(instancesOf(services)).toEqual({ order: ['alive', 'alive'] })
    expect(silentIn(services)).toEqual([])
  })
})
