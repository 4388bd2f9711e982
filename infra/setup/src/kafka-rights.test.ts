import { expect, it } from '@jest/globals'
import { SUBSCRIPTIONS, TOPICS } from '@lepton/contracts/topics'
import { kafkaRights } from './kafka-rights.ts'

const rights = kafkaRights()
const usersThat = (may: string, name: string) =>
  rights.filter((right) => right.may === may && right.name === name).map(({ user }) => user)

it.each(Object.values(TOPICS))('lets only $owner publish on $name', ({ name, owner }) => {
  expect(usersThat('write', name)).toEqual([owner])
})

it.each(Object.keys(SUBSCRIPTIONS))('lets only %s read as its group', (group) => {
  expect(usersThat('read', group)).toEqual([group])
})

it('lets a service read what it is subscribed to, and ops what is counted', () => {
  expect(usersThat('read', 'payment.v1')).toEqual(['order', 'ops'])
  expect(usersThat('read', 'cart.v1')).toEqual(['order', 'ops'])
  expect(rights.filter(({ user, may }) => user === 'ops' && may === 'write')).toEqual([])
})

it('names only the groups of ops by how they begin', () => {
  expect(rights.filter(({ isPrefix }) => isPrefix === true).map(({ user, name }) => [user, name])).toEqual([
    ['ops', 'ops-'],
  ])
})
