import { describe, expect, it } from '@jest/globals'
import { CannotStart } from './cannot-start.ts'
import { readArgs } from './args.ts'

describe('readArgs', () => {
  it('has a default for everything', () => {
    expect(readArgs([])).toEqual({
      isHelp: false,
      isFresh: false,
      probe: true,
      useDefaultPorts: true,
      stateDir: undefined,
      instances: {},
      env: {},
    })
  })

  it('reads counts, one by one or as a list', () => {
    const { instances } = readArgs(['--instances', 'order=3', '--instances=cart=1,payment=0'])

    expect(instances).toEqual({ order: 3, cart: 1, payment: 0 })
  })

  it('reads settings, with whatever the value holds', () => {
    const { env } = readArgs([
      '--set',
      'order.ORDER_DEADLINE_MS=5000',
      '--set',
      'all.A=x=y',
      '--set',
      'order.B=',
    ])

    expect(env).toEqual({ order: { ORDER_DEADLINE_MS: '5000', B: '' }, all: { A: 'x=y' } })
  })

  it.each([
    ['--instances', 'orders=3'],
    ['--instances', 'order=many'],
    ['--instances', 'order=99'],
    ['--instances', 'psp=2'],
    ['--set', 'ORDER_DEADLINE_MS=1'],
    ['--set', 'unknown.X=1'],
    ['--no-such-option'],
    ['surprise'],
  ])('refuses %s %s in one sentence', (...argv) => {
    expect(() => readArgs(argv)).toThrow(CannotStart)
  })
})
