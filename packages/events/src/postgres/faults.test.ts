import { describe, expect, it } from '@jest/globals'
import { isNotSetUp, isPassingFault } from './faults.ts'

const fault = (code: string | undefined, message = 'a fault') => Object.assign(new Error(message), { code })

describe('a fault of the database', () => {
  it.each([
    '25006',
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    '57P01',
    '53100',
    '40001',
    '08006',
  ])('passes when it is %s', (code) => expect(isPassingFault(fault(code))).toBe(true))

  it('passes when no session can begin', () => {
    const refused = Object.assign(fault('XX000', 'could not write init file'), { severity: 'FATAL' })
    expect(isPassingFault(refused)).toBe(true)
    expect(isPassingFault(fault('XX000'))).toBe(false)
  })

  it.each(['23505', '42P01', 'ENOENT'])('stays when it is %s', (code) =>
    expect(isPassingFault(fault(code))).toBe(false),
  )
})

it.each(['28P01', '28000', '3D000'])('knows by %s that the set-up has not run', (code) => {
  expect(isNotSetUp(fault(code))).toBe(true)
  expect(isPassingFault(fault(code))).toBe(false)
})
