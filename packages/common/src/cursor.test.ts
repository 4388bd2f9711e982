import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { decodeCursor, encodeCursor } from './cursor.ts'

const form = [/^\d{1,15}$/, /^[a-z]+$/]

describe('a cursor', () => {
  it('comes back as it was', () => {
    const position = fc.tuple(fc.nat(), fc.stringMatching(/^[a-z]{1,20}$/))
    fc.assert(
      fc.property(position, ([id, name]) => {
        expect(decodeCursor(encodeCursor([id, name]), form)).toEqual([String(id), name])
      }),
    )
  })

  it('that was made up is refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => decodeCursor(text, form)).toThrow('not as they should be')
      }),
    )
    for (const position of [[], [1], [1, 'a', 2], ['x', 'a'], [1, 'A']]) {
      expect(() => decodeCursor(encodeCursor(position), form)).toThrow('not as they should be')
    }
  })
})
