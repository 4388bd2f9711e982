import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { createLog, logTo } from './log.ts'

/** What a log call writes to stdout. */
function lineOf(call: (log: ReturnType<typeof createLog>) => void): Record<string, unknown> {
  const lines: string[] = []
  const log = createLog(
    { service: 'order', instance: 'order-1', level: 'info' },
    { write: (line) => void lines.push(line) },
  )
  call(log)
  return JSON.parse(lines[0]!) as Record<string, unknown>
}

describe('a log line', () => {
  it('says who, when and what', () => {
    const line = lineOf((log) => log.warn({ order_id: 'o' }, 'it happened'))
    expect(line).toMatchObject({
      level: 'warn',
      service: 'order',
      instance: 'order-1',
      order_id: 'o',
      msg: 'it happened',
    })
    expect(new Date(line.time as string).getTime()).toBeGreaterThan(Date.now() - 60_000)
  })

  it('tells a fault with its cause and code, and nothing of the connection that it came from', () => {
    const fault = Object.assign(new Error('terminated', { cause: new Error('killed') }), {
      code: '57P01',
      client: { secretKey: 7, connection: {} },
    })
    const { err } = lineOf((log) => log.warn({ err: fault }, 'lost')) as { err: Record<string, unknown> }
    expect(err).toMatchObject({ type: 'Error', code: '57P01' })
    expect(err.message).toMatch(/terminated.*killed/)
    expect(err.stack).toMatch(/log\.test/)
    expect(err).not.toHaveProperty('client')
  })

  it.each(['authorization', 'cookie', 'payment_token', 'token', 'password', 'secret'])(
    'never holds a %s',
    (name) => {
      const line = lineOf((log) => log.info({ [name]: 'abc', headers: { [name]: 'abc' } }, 'asked'))
      expect(line).toMatchObject({ [name]: '[redacted]', headers: { [name]: '[redacted]' } })
    },
  )
})

const FULL = '/dev/full'
const itOnFullDisk = existsSync(FULL) ? it : it.skip

describe('a log', () => {
  it('is written line by line', () => {
    const dir = mkdtempSync(join(tmpdir(), 'lepton-log-'))
    const file = join(dir, 'order-1.log')
    const fd = openSync(file, 'a')
    const log = createLog({ service: 'order', instance: 'order-1', level: 'info' }, logTo(fd))

    log.info('one')
    log.info('two')

    expect(readFileSync(file, 'utf8')).toMatch(/"one".*\n.*"two".*\n$/)
    closeSync(fd)
    rmSync(dir, { recursive: true })
  })

  itOnFullDisk('on a full disk ends nothing, and takes no more memory', () => {
    const fd = openSync(FULL, 'a')
    const destination = logTo(fd)
    const log = createLog({ service: 'order', instance: 'order-1', level: 'info' }, destination)
    let lost = 0
    destination.on('drop', () => lost++)
    const longest = 'x'.repeat(100_000)

    for (let line = 0; line < 50; line++) log.info(longest)

    expect(lost).toBe(40)
    closeSync(fd)
  })
})
