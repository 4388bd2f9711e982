import { describe, expect, it } from '@jest/globals'
import { CannotStart } from './cannot-start.ts'
import { readCommand, readLevel, readLines, readSince } from './cli-args.ts'
import { describeRefusal } from './ops-api.ts'

const HINT = ' `npm run shop -- --help` lists the commands and their options.'

it.each([
  ['nonsense', 'There is no command nonsense.'],
  ['grow order 3', 'There is no command grow.'],
  ['scale order 3', 'scale does not take 3.'],
  ['constructor', 'There is no command constructor.'],
  ['ps --jsn', "Unknown option '--jsn'."],
  ['ps extra', 'ps does not take extra.'],
  ['stop --json', 'stop has no option --json.'],
  ['kill', 'kill needs the name of an instance, such as order-1.'],
  ['kill order-1 SIGTERM more', 'kill does not take more.'],
  ['republish', '--since is missing.'],
  ['republish --since 1 --until 2', '--reason is missing.'],
  ['dead-letters replay --key k', '--reason is missing.'],
  ['dead-letters discard --reason x', 'dead-letters discard needs the id of a dead letter.'],
  ['rebuild orders', '--reason is missing.'],
  ['payments settle order --reason x', '--charge-state is missing.'],
  ['payments retry --reason x', 'payments retry needs the id of an order.'],
  ['dead-letters shwo', 'dead-letters does not take shwo.'],
])('answers "%s" with one sentence', (line, sentence) => {
  expect(() => readCommand(line.split(' '))).toThrow(new CannotStart(sentence + HINT))
})

it.each(['', '--help', 'dead-letters --help', 'republish -h'])('reads "%s" as a call for help', (line) => {
  expect(readCommand(line.split(' ').filter(Boolean))).toBeUndefined()
})

it.each([
  ['ps --json', 'ps', []],
  ['kill order-1 SIGTERM', 'kill', ['order-1', 'SIGTERM']],
  ['pause order-1 10', 'pause', ['order-1', '10']],
  ['logs -f --level warn order cart-1', 'logs', ['order', 'cart-1']],
  ['dead-letters --status DEAD', 'dead-letters', []],
  ['dead-letters show order-17 --url http://x', 'dead-letters show', ['order-17']],
])('reads "%s"', (line, name, args) => {
  expect(readCommand(line.split(' '))).toMatchObject({ name, args })
})

describe('--since, --level and --lines', () => {
  it('reads a while ago and a time', () => {
    expect(readSince('5m', 1_000_000)).toBe(700_000)
    expect(readSince('2026-01-31T12:00:00Z')).toBe(Date.UTC(2026, 0, 31, 12))
    expect(readLevel('WARN')).toBe('warn')
    expect(readLines('3')).toBe(3)
  })

  it.each([() => readSince('5x'), () => readLevel('loud'), () => readLines('0')])(
    'refuses anything else',
    (read) => {
      expect(read).toThrow(CannotStart)
    },
  )
})

it('names the options that were typed, not the fields of the API', () => {
  const errors = [
    { pointer: '/since', detail: 'is no time' },
    { pointer: '/error_class', detail: 'is too long' },
  ]

  expect(describeRefusal(400, { detail: 'The request is not valid.', errors })).toBe(
    '400: The request is not valid.\n  --since: is no time\n  --error-class: is too long',
  )
})
