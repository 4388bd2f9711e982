import { describe, expect, it } from '@jest/globals'
import { createLog } from './log.ts'

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
