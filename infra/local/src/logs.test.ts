import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { showLogs, type LogQuery } from './logs.ts'

const ORDER = '01a214b9-0000-7000-8000-000000000001'
const at = (second: string, rest: object) =>
  JSON.stringify({ time: `2026-01-31T12:00:${second}.000Z`, ...rest })

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lepton-logs-'))
  const write = (name: string, ...lines: string[]) =>
    writeFileSync(join(folder, name), `${lines.join('\n')}\n`)
  write('order-1.log.1', at('01', { level: 'info', service: 'order', msg: 'the oldest' }))
  write(
    'order-1.log',
    at('03', { level: 'info', service: 'order', msg: 'placed', order_id: ORDER }),
    at('07', {
      level: 'error',
      service: 'order',
      msg: 'failed',
      err: { type: 'Error', message: 'no card', stack: '…' },
    }),
    'TypeError: a crash',
    '    at main.ts:1',
  )
  write(
    'payment-1.log',
    at('05', { level: 'warn', service: 'payment', msg: 'slow', order_id: ORDER, took_ms: 900 }),
  )
  write('kafka.log', '2026-01-31T12:00:04,250 WARN Broker [id=1] is late', '  with a second line')
})
afterEach(() => rmSync(folder, { recursive: true }))

async function show(query: Partial<LogQuery> = {}): Promise<string[]> {
  const lines: string[] = []
  const all = { names: [], lines: 100, isRaw: false, isFollowing: false }
  await showLogs(folder, { ...all, ...query }, (line) => lines.push(line))
  return lines
}

it('merges every service by time, readable, with what was rotated and what crashed', async () => {
  expect(await show()).toEqual([
    '12:00:01.000 INFO  order-1     the oldest',
    `12:00:03.000 INFO  order-1     placed order_id=${ORDER}`,
    `12:00:05.000 WARN  payment-1   slow order_id=${ORDER} took_ms=900`,
    '12:00:07.000 ERROR order-1     failed (no card)',
    '12:00:07.000 ERROR order-1     TypeError: a crash',
    '12:00:07.000 ERROR order-1     at main.ts:1',
  ])
})

it('shows what concerns an order, a level, a time, a name, and the newest of it', async () => {
  const since = Date.UTC(2026, 0, 31, 12, 0, 5)
  expect(await show({ orderId: ORDER })).toHaveLength(2)
  expect(await show({ orderId: ORDER, level: 'warn' })).toEqual([expect.stringContaining('slow')])
  expect(await show({ sinceMs: since, lines: 1 })).toEqual([expect.stringContaining('at main.ts:1')])
  expect(await show({ names: ['order'], level: 'error' })).toHaveLength(3)
})

it("reads a server's text, line after line", async () => {
  expect(await show({ names: ['kafka'] })).toEqual([
    '12:00:04.250 WARN  kafka       WARN Broker [id=1] is late',
    '12:00:04.250 WARN  kafka       with a second line',
  ])
})

it('gives JSON as it was written', async () => {
  expect(await show({ names: ['payment-1'], isRaw: true })).toEqual([
    expect.stringMatching(/^\{"time":"2026/),
  ])
})

it('names what has no log', async () => {
  await expect(show({ names: ['ordr'] })).rejects.toThrow(`There is no log of ordr in ${folder}.`)
})
