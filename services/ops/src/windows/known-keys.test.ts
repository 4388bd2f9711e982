import { expect, it } from '@jest/globals'
import { createKnownKeys } from './known-keys.ts'

it('knows the first occurrence of each position of a key', () => {
  const { judge } = createKnownKeys()
  const sequence = [1, 2, 1, 2, 3, 3, 1].map((one) => judge({ key: 'a', sequence: one, atMs: one * 10 }))
  expect(sequence).toEqual(['first', 'first', 'repeated', 'repeated', 'first', 'repeated', 'repeated'])
  expect(judge({ key: 'b', sequence: 1, atMs: 5 })).toBe('first')
})

it.each([
  ['late', { lateMs: 100 }],
  ['among too many', { maxKeys: 1 }],
])('counts nothing twice when a key was forgotten because it was %s', (_why, settings) => {
  const { judge } = createKnownKeys(settings)
  const old = { key: 'old', sequence: 1, atMs: 1_000 }
  expect(judge(old)).toBe('first')
  expect(judge({ key: 'new', sequence: 1, atMs: 2_000 })).toBe('first')

  expect(judge(old)).toBe('too_late')
  // What the forgotten key does next is new for sure.
  expect(judge({ key: 'old', sequence: 2, atMs: 2_001 })).toBe('first')
})
