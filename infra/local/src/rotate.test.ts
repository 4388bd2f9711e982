import { describe, expect, it } from '@jest/globals'
import { KINDS, kindsOf } from './rotate.ts'

describe('what is replaced', () => {
  it('is one secret of a service, or all of its own', () => {
    expect([...kindsOf('database', 'order').keys()]).toEqual(['database'])
    expect([...kindsOf('all', 'order').keys()]).toEqual([
      'token-key',
      'event-key',
      'database',
      'kafka',
      'consul',
    ])
    expect([...kindsOf('all', 'gateway').keys()]).toEqual(['token-key', 'consul'])
    expect([...kindsOf('psp', '').keys()]).toEqual(['psp'])
  })

  it.each([
    ['passwords', 'order', /There is no secret passwords\. There are token-key, .*, psp, all\./],
    ['toString', '', /There is no secret toString/],
    ['database', '', /rotate database needs one of .*order/],
    ['database', 'gateway', /rotate database needs one of/],
    ['database', '../order', /rotate database needs one of/],
    ['operator', 'order', /There is one operator: it takes no service/],
    ['all', '', /rotate all needs one of/],
  ])('is not %s %s', (name, owner, reason) => {
    expect(() => kindsOf(name, owner)).toThrow(reason)
  })

  it('is a file of its own for each', () => {
    const files = Object.values(KINDS).map(({ file }) => file('order'))
    expect(new Set(files).size).toBe(files.length)
  })
})
