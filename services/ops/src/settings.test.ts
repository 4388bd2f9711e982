import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import type { Changed } from '@lepton/common/mesh/control/control'
import { changeSetting } from './settings.ts'

it('answers once the note of its own change is read, whatever else was read before', async () => {
  const key = 'instances/order/order-9'
  const note = {
    key,
    who: 'ann',
    why: 'a try',
    before: null,
    after: '{"drain":true}',
    at: '2026-11-27T22:00:00.000Z',
  }
  const listeners = new Set<() => void>()
  let read: Changed[] = []
  const reads = (changes: Changed[]) => {
    read = changes
    for (const listener of listeners) listener()
  }
  const control = {
    get: () => Promise.resolve(undefined),
    set: () => {
      reads([])
      return Promise.resolve(note)
    },
    undo: () => Promise.reject(new Error('not here')),
    changes: () => read,
    subscribe: (listener: () => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  let isAnswered = false

  const changing = changeSetting(control, key, { who: 'ann', why: 'a try' }, () => ({ drain: true }))
  void changing.then(() => {
    isAnswered = true
  })
  await turn()
  reads([{ ...note, key: 'services/cart', at: '2026-11-27T22:00:00.001Z' }])
  await turn()
  expect(isAnswered).toBe(false)

  reads([note])
  await changing
  expect(listeners.size).toBe(0)
})
