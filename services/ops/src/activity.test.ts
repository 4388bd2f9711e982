import { expect, test } from '@jest/globals'
import { getPulse } from '@lepton/contracts/console'
import { createActivity } from './activity.ts'

test('of a shop in which nothing happens for a minute, every fifth step is sampled', () => {
  let nowMs = 59_999
  const activity = createActivity(() => nowMs)
  const sampled = () => Array.from({ length: 10 }, () => Number(activity.isSampled())).join('')
  expect(sampled()).toBe('1111111111')
  nowMs += 60_000
  expect(sampled()).toBe('0000100001')
})

test('every step is, from the moment in which something happens or someone asks', async () => {
  let nowMs = 0
  const activity = createActivity(() => nowMs)
  const [endpoint] = activity.noted([{ route: getPulse, run: () => Promise.resolve({ status: 200 }) }])
  nowMs = 60_000
  expect(activity.isSampled()).toBe(false)
  activity.note()
  expect(activity.isSampled()).toBe(true)
  nowMs = 120_000
  expect(activity.isSampled()).toBe(false)
  await endpoint!.run({} as never)
  expect(activity.isSampled()).toBe(true)
})
