import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createIdentity } from '@lepton/testing/identity'
import { startOpsListener } from '../src/http/ops-listener.ts'
import { closeServer } from '../src/http/server.ts'
import { READ_SNAPSHOT, Snapshot } from '../src/http/snapshot.ts'
import { createSnapshots } from '../src/http/take-snapshot.ts'
import { createMetrics } from '../src/runtime/metrics.ts'

const identity = createIdentity()
const metrics = createMetrics()
let url: string
let listener: Awaited<ReturnType<typeof startOpsListener>>

beforeAll(async () => {
  const take = createSnapshots({ service: 'order', instance: 'order-1', metrics })
  const snapshots = { take, verify: identity.verify }
  listener = await startOpsListener({ host: '127.0.0.1', port: 0, metrics, isReady: () => true, snapshots })
  url = `http://127.0.0.1:${listener.port}/snapshot`
})
afterAll(async () => {
  listener.server.closeAllConnections()
  await closeServer(listener.server)
  identity.remove()
})

async function ask(token: string | undefined) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const answer = await fetch(url, { headers })
  return { status: answer.status, text: await answer.text() }
}

async function take(): Promise<Snapshot> {
  const { text } = await ask(await identity.serviceToken('ops', READ_SNAPSHOT.operation))
  return Snapshot.parse(JSON.parse(text))
}

describe('a snapshot', () => {
  it('is for the ops service alone, with a token for this', async () => {
    const refused = [
      undefined,
      'nonsense',
      await identity.operatorToken('01a1fea5-ba4b-71f4-85de-696148493360'),
      await identity.serviceToken('order', READ_SNAPSHOT.operation),
      await identity.serviceToken('ops', 'another_operation'),
    ]
    for (const token of refused) expect([token, (await ask(token)).status]).toEqual([token, 403])
  })

  it('has what was counted since the start, by route, with its buckets', async () => {
    const labels = { http_request_method: 'GET', http_route: '/orders' }
    const requests = metrics.counter({
      name: 'http_server_requests_total',
      help: 'Requests',
      labelNames: ['http_request_method', 'http_route', 'http_response_status_code'],
    })
    const duration = metrics.histogram({
      name: 'http_server_request_duration_seconds',
      help: 'Duration',
      labelNames: ['http_request_method', 'http_route'],
    })
    requests.inc({ ...labels, http_response_status_code: '200' }, 3)
    requests.inc({ ...labels, http_response_status_code: '503' }, 1)
    for (const seconds of [0.002, 0.002, 0.2, 30]) duration.observe(labels, seconds)

    const { le, requests: routes, boot_id } = await take()

    const [{ buckets, ...counts }] = routes as [Snapshot['requests'][number]]
    expect(counts).toEqual({ method: 'GET', route: '/orders', count: 4, failed: 1 })
    expect([le.at(0), buckets.at(0), buckets.at(-2), buckets.at(-1)]).toEqual([0.005, 2, 3, 4])
    expect((await take()).boot_id).toBe(boot_id)
  })

  it('has a base of its own: Prometheus beside it changes nothing in what it covers', async () => {
    await take()
    const until = performance.now() + 100
    while (performance.now() < until)
      await fetch(url.replace('snapshot', 'metrics')).then((one) => one.text())

    const { loop_share, rss_bytes } = await take()

    expect(loop_share).toBeGreaterThan(0.2)
    expect(rss_bytes).toBeGreaterThan(10_000_000)
  })

  it('has null for what the service has not, or cannot say now', async () => {
    expect(await take()).toMatchObject({ outbox: null, dead_letters: null, lag_records: null, pool: null })
    const pending = metrics.gauge({ name: 'outbox_pending_events', help: 'Pending' })
    const age = metrics.gauge({ name: 'outbox_oldest_age_seconds', help: 'Age' })
    pending.set(3)
    age.set(1.5)
    expect((await take()).outbox).toEqual({ pending: 3, oldest_s: 1.5 })
    pending.set(Number.NaN)
    expect((await take()).outbox).toBeNull()
  })

  it('does not wait for a database that does not answer', async () => {
    metrics.gauge({ name: 'dead_letters_open', help: 'Letters', collect: () => new Promise(() => {}) })

    expect((await take()).dead_letters).toBeNull()
  })
})
