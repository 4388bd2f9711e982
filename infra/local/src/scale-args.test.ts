import { expect, it } from '@jest/globals'
import { readCommand } from './cli-args.ts'
import { asSetting } from './scale-args.ts'

const read = (line: string) => asSetting(readCommand(line.split(' '))!)

it.each([
  ['scale order=1..4 --on lag=200', { min: 1, max: 4, on: 'lag', target: 200 }],
  ['scale order=2..6 --on wait=12.5', { min: 2, max: 6, on: 'wait', target: 12.5 }],
  ['scale order=3', { min: 3, max: 3, on: 'cpu', target: 100 }],
])('reads "%s"', (line, setting) => {
  const { name, args, values } = read(line)
  expect([name, args[0], JSON.parse(args[1]!), values.reason]).toEqual([
    'config set',
    'scaling/order',
    setting,
    'shop scale',
  ])
})

it('reads that a service is sized by hand again, with the reason that is given', () => {
  expect(read('scale order=off --reason over')).toMatchObject({
    name: 'config unset',
    args: ['scaling/order'],
    values: { reason: 'over' },
  })
})

it.each([
  ['scale order', 'order is not a service with its limits'],
  ['scale order=1..x', 'order=1..x is not a service with its limits'],
  ['scale order=1..4', '--on is missing'],
  ['scale order=1..4 --on luck=3', '--on luck=3 is none of lag=RECORDS'],
])('refuses "%s" with a sentence', (line, sentence) => {
  expect(() => read(line)).toThrow(sentence)
})
