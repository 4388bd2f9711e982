import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createClient, type Followed } from '../src/client.ts'
import { json, problem, startStub } from './shop-stub.ts'

const ID = '01a1fea5-ba4b-71f4-85de-696148493360'
const order = (status: string) => ({ order_id: ID, status })
let stub: Awaited<ReturnType<typeof startStub>>

afterEach(() => stub.close())

function stream(...events: [event: string, data: object][]) {
  return (res: ServerResponse) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const [event, data] of events) res.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    return res
  }
}

async function follow(): Promise<string[]> {
  const seen: Followed[] = []
  const shop = createClient({ url: stub.url, token: 'first' })
  for await (const followed of shop.followOrder(ID, { pollMs: 5 })) seen.push(followed)
  return seen.map(({ order, via }) => `${order.status} by ${via}`)
}

describe('an order that is followed', () => {
  it('is seen in every state that the stream shows, until its last', async () => {
    stub = await startStub({
      [`GET /orders/${ID}/stream`]: (res) =>
        stream(['order', order('PLACED')], ['order', order('CONFIRMED')], ['order', order('COMPLETED')])(res),
    })

    expect(await follow()).toEqual(['PLACED by stream', 'CONFIRMED by stream', 'COMPLETED by stream'])
  })

  it('is asked for where the shop has no stream', async () => {
    stub = await startStub({
      [`GET /orders/${ID}/stream`]: problem('not-found', 404),
      [`GET /orders/${ID}`]: (res, _received, count) =>
        json(200, order(count < 3 ? 'PLACED' : 'COMPLETED'))(res),
    })

    expect(await follow()).toEqual(['PLACED by poll', 'COMPLETED by poll'])
    expect(stub.received.filter(({ what }) => what.endsWith('/stream'))).toHaveLength(1)
  })

  it('is asked for when the stream breaks in the middle', async () => {
    stub = await startStub({
      [`GET /orders/${ID}/stream`]: (res) => void stream(['order', order('PLACED')])(res).destroy(),
      [`GET /orders/${ID}`]: json(200, order('COMPLETED')),
    })

    expect((await follow()).at(-1)).toBe('COMPLETED by poll')
  })

  it('is followed at the next instance when one says goodbye', async () => {
    stub = await startStub({
      [`GET /orders/${ID}/stream`]: (res, _received, count) => {
        if (count === 1) stream(['order', order('PLACED')], ['bye', { because: 'stopping' }])(res).end()
        else stream(['order', order('COMPLETED')])(res)
      },
      [`GET /orders/${ID}`]: json(200, order('PLACED')),
    })

    expect(await follow()).toEqual(['PLACED by stream', 'COMPLETED by stream'])
  })

  it('is waited for while the shop does not answer, and followed again when it does', async () => {
    stub = await startStub({
      [`GET /orders/${ID}/stream`]: (res, _received, count) => {
        if (count === 1) stream(['order', order('CONFIRMED')])(res).end()
        else if (count === 2) res.destroy()
        else stream(['order', order('CONFIRMED')], ['order', order('COMPLETED')])(res)
      },
      [`GET /orders/${ID}`]: problem('internal-error', 502),
    })

    expect(await follow()).toEqual([
      'CONFIRMED by stream',
      'CONFIRMED by none',
      'CONFIRMED by stream',
      'COMPLETED by stream',
    ])
  })

  it('that is not answered at all is an error', async () => {
    stub = await startStub({ [`GET /orders/${ID}`]: problem('unavailable', 503, { 'retry-after': '60' }) })

    await expect(follow()).rejects.toMatchObject({ status: 503 })
  })

  it('that is not the caller’s is an error', async () => {
    stub = await startStub({})

    await expect(follow()).rejects.toMatchObject({ slug: 'not-found' })
  })
})
