import { describe, expect, it } from '@jest/globals'
import { isJson } from './parse.ts'

const of = (type: string | undefined) =>
  isJson({ headers: type === undefined ? {} : { 'content-type': type } })

describe('a body is JSON', () => {
  it.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
  ])('as %s', (type) => expect(of(type)).toBe(true))

  it.each([
    undefined,
    '',
    'text/plain',
    'text/json',
    'application/jsonx',
    'application/json; charset=utf-16le',
    'application/json; charset=utf-7',
    'application/json; charset=latin1',
  ])('and not as %s', (type) => expect(of(type)).toBe(false))
})
