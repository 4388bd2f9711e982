import { expect, it } from '@jest/globals'
import { toProperties } from './properties.ts'

it.each([
  ['an address', 'PLAINTEXT://127.0.0.1:9092', 'PLAINTEXT://127.0.0.1:9092'],
  ['letters beyond ASCII', '/srv/ä/轻', '/srv/\\u00e4/\\u8f7b'],
  ['a letter of two units', '𝄞', '\\ud834\\udd1e'],
  ['a backslash', 'C:\\new', 'C:\\\\new'],
  ['leading and inner blanks', '  a b', '\\  a b'],
  ['line ends and tabs', 'a\nb\tc', 'a\\u000ab\\u0009c'],
])('writes %s as Java reads it', (_, value, written) => {
  expect(toProperties({ 'log.dirs': value })).toBe(`log.dirs=${written}\n`)
})

it('escapes in a name what would end it', () => {
  expect(toProperties({ 'a b=c:#': 'x' })).toBe('a\\ b\\=c\\:\\#=x\n')
})
