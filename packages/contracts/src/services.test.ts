import { expect, it } from '@jest/globals'
import { ALL_SERVICES, CONSUMERS, PUBLISHERS, SERVICES } from './services.ts'
import { SUBSCRIPTIONS, TOPICS } from './topics.ts'

it('gives each topic a number of its own, which never changes', () => {
  const numbers = Object.values(TOPICS).map(({ name, number }) => [number, name] as const)

  expect(new Map(numbers).size).toBe(PUBLISHERS.length)
  expect(Object.fromEntries(numbers)).toMatchObject({
    1: 'order.v1',
    2: 'inventory.v1',
    3: 'payment.v1',
    4: 'cart.v1',
  })
})

it('lets services consume only what others publish', () => {
  for (const service of CONSUMERS) {
    expect(Object.keys(TOPICS)).toEqual(expect.arrayContaining([...SUBSCRIPTIONS[service]]))
    expect(SERVICES[service].consumes).not.toContain(service)
  }
  expect(ALL_SERVICES).toContain('gateway')
})
