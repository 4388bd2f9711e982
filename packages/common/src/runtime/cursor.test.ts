import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { decodeCursor, encodeCursor, isCount, isInstant, isUuid } from './cursor.ts'

const form = [isCount, (part: string) => /^[a-z]+$/.test(part)]

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
        expect(() => decodeCursor(text, form)).toThrow('are invalid')
      }),
    )
    for (const position of [[], [1], [1, 'a', 2], ['x', 'a'], [1, 'A']]) {
      expect(() => decodeCursor(encodeCursor(position), form)).toThrow('are invalid')
    }
  })
})

describe('a part of a cursor', () => {
  it.each(['2026-02-28T23:59:59.999Z', '1970-01-01T00:00:00.000Z'])('is an instant: %s', (part) => {
    expect(isInstant(part)).toBe(true)
  })

  // The database would take none of these.
  it.each(['2026-02-31T00:00:00.000Z', '0000-01-01T00:00:00.000Z', '+010000-01-01T00:00:00.000Z', 'now', ''])(
    'is no instant: %s',
    (part) => {
      expect(isInstant(part)).toBe(false)
    },
  )

  it('is an id', () => {
    expect(isUuid('01a1fea5-ba4b-71f4-85de-696148493360')).toBe(true)
    expect(isUuid('-'.repeat(36))).toBe(false)
  })
})
