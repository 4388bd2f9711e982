import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { until } from '@lepton/testing/until'
import pino from 'pino'
import { exportSpans } from '../src/runtime/export-spans.ts'
import type { Part } from '../src/runtime/lifecycle.ts'
import { resumeTrace } from '../src/runtime/span.ts'

interface Sent {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue: string } }[] }
    scopeSpans: {
      spans: { traceId: string; parentSpanId: string; name: string; status: { code: number } }[]
    }[]
  }[]
}

const TRACE_ID = 'a'.repeat(32)
const PARENT = 'b'.repeat(16)
const ENDED: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ENDED.splice(0)) await end()
})

/** Takes what exporters send; answers 503 while `isAway`. */
async function startCollector(state: { isAway: boolean; sent: Sent[]; paths: string[] }): Promise<string> {
  const server: Server = createServer((req, res) => {
    const parts: Buffer[] = []
    req.on('data', (part: Buffer) => parts.push(part))
    req.on('end', () => {
      state.paths.push(req.url ?? '')
      if (!state.isAway) state.sent.push(JSON.parse(Buffer.concat(parts).toString()) as Sent)
      res.writeHead(state.isAway ? 400 : 200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ENDED.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function start(endpoint: string): { part: Part; lines: string[] } {
  const lines: string[] = []
  const log = pino({ level: 'info' }, { write: (line) => lines.push(line) })
  return { part: exportSpans(endpoint, { service: 'order', instance: 'order-1', log }), lines }
}

const work = (fails = false) =>
  resumeTrace({ traceparent: `00-${TRACE_ID}-${PARENT}-01` }, { name: 'work', kind: 'internal' }, () =>
    fails ? Promise.reject(new Error('no')) : Promise.resolve('done'),
  ).catch(() => 'failed')

describe('the export of spans', () => {
  it('sends what has ended, with its cause and whose it is, at the latest when it stops', async () => {
    const collector = { isAway: false, sent: [] as Sent[], paths: [] as string[] }
    const { part } = start(await startCollector(collector))
    await work()
    await work(true)
    await part.stop()

    const [{ resource, scopeSpans }] = collector.sent[0]!.resourceSpans as [Sent['resourceSpans'][number]]
    expect(collector.paths).toEqual(['/v1/traces'])
    expect(resource.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'order' } })
    const spans = scopeSpans.flatMap((scope) => scope.spans)
    expect(spans).toHaveLength(2)
    for (const span of spans)
      expect(span).toMatchObject({ traceId: TRACE_ID, parentSpanId: PARENT, name: 'work' })
    expect(spans.map(({ status }) => status.code)).toEqual([0, 2])
  })

  it('loses spans and nothing else while the endpoint is away, and says so once', async () => {
    const collector = { isAway: true, sent: [] as Sent[], paths: [] as string[] }
    const { part, lines } = start(await startCollector(collector))
    expect(await work()).toBe('done')
    const startedAt = performance.now()
    await part.stop()
    expect(performance.now() - startedAt).toBeLessThan(3_000)
    await until('it is said', () => lines.some((line) => line.includes('spans cannot be exported')))
    expect(await work()).toBe('done')
    expect(lines).toHaveLength(1)
  })
})
