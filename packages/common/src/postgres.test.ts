import { describe, expect, it } from '@jest/globals'
import { isPassingFault } from './postgres.ts'

const fault = (code: string | undefined, message = 'a fault') => Object.assign(new Error(message), { code })

describe('a fault of the database', () => {
  it.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', '57P01', '40001', '08006'])(
    'passes when it is %s',
    (code) => expect(isPassingFault(fault(code))).toBe(true),
  )

  it.each(['23505', '42P01', 'ENOENT'])('stays when it is %s', (code) =>
    expect(isPassingFault(fault(code))).toBe(false),
  )
})
