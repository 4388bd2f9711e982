import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { resumeTrace } from '@lepton/common/runtime/span'
import { Unavailable } from '@lepton/common/runtime/problem'
import { closeServer } from '@lepton/common/http/server'
import { OutcomeUnknown } from '../src/psp-answer.ts'
import { createPspClient, type PspClient } from '../src/psp-client.ts'

let processor: Server
let psp: PspClient
let answer: (res: ServerResponse) => void
let asked: string[]
let headers: IncomingHttpHeaders

beforeAll(async () => {
  processor = createServer((req, res) => {
    asked.push(`${req.method} ${req.url}`)
    headers = req.headers
    answer(res)
  })
  await new Promise<void>((resolve) => processor.listen(0, '127.0.0.1', resolve))
  const { port } = processor.address() as { port: number }
  const url = `http://127.0.0.1:${port}`
  psp = createPspClient({ url, timeoutMs: 200, maxRetryAfterMs: 5_000, connections: 4 })
})
beforeEach(() => void (asked = []))
afterAll(async () => {
  processor.closeAllConnections()
  await closeServer(processor)
})

const request = {
  order_id: newId(),
  psp_key: newId(),
  amount_minor: 100,
  currency: 'EUR' as const,
  payment_token: 'tok_approved',
  charge_id: newId(),
}

async function outcomeOf(op: 'AUTH' | 'CAPTURE' | 'VOID' | 'REFUND'): Promise<unknown> {
  return psp.carryOut({ ...request, op }).catch((error: unknown) => error)
}

describe('the processor', () => {
  it('is asked in the trace that the task was written down with', async () => {
    answer = (res) => res.writeHead(503).end()
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00'

    await resumeTrace({ traceparent, tracestate: 'vendor=1' }, { name: 'task', kind: 'internal' }, () =>
      outcomeOf('AUTH'),
    )

    expect(headers).toMatchObject({
      traceparent: expect.stringMatching(/^00-4bf9.*-00$/),
      tracestate: 'vendor=1',
    })
  })

  it.each([
    ['limits us', 429, 5_000],
    ['has a conflict', 409, 5_000],
    ['does not let us in', 401, 5_000],
    ['sends us elsewhere', 302, 5_000],
    ['is not well', 503, 5_000],
  ])(
    'that %s decides nothing about any step, and is left alone as long as it asks',
    async (_what, status, waitMs) => {
      answer = (res) =>
        res.writeHead(status, { 'retry-after': '60', location: '/charges' }).end('{"detail":"no"}')

      for (const op of ['AUTH', 'CAPTURE', 'VOID', 'REFUND'] as const) {
        const error = await outcomeOf(op)
        expect(error).toBeInstanceOf(OutcomeUnknown)
        expect(error).toMatchObject({ retryAfterMs: waitMs })
      }
      expect(asked).toHaveLength(4)
      await expect(psp.find(request.order_id)).rejects.toBeInstanceOf(OutcomeUnknown)
    },
  )

  it('that says nothing, or hangs up, decides nothing', async () => {
    answer = () => undefined
    expect(await outcomeOf('REFUND')).toBeInstanceOf(OutcomeUnknown)
    answer = (res) => void res.destroy()
    expect(await outcomeOf('REFUND')).toBeInstanceOf(OutcomeUnknown)
  })

  it('that refuses is believed', async () => {
    answer = (res) => res.writeHead(402, { 'content-type': 'application/json' }).end('{"detail":"no money"}')
    expect(await outcomeOf('REFUND')).toEqual({ refusal: 'no money' })
  })

  it('whose books cannot be read is not available', async () => {
    answer = (res) => res.writeHead(500).end()
    await expect(psp.export(newId(), newId())).rejects.toBeInstanceOf(Unavailable)
    answer = (res) => res.writeHead(200).end('<html>')
    await expect(psp.export(newId(), newId())).rejects.toBeInstanceOf(Unavailable)
  })
})
