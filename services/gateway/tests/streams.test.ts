import { PassThrough } from 'node:stream'
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { streamOrder } from '@lepton/contracts/order-routes'
import { openEvents } from '@lepton/testing/events'
import { problemAnswer } from '@lepton/testing/mesh'
import { until } from '@lepton/testing/until'
import { useGateway } from './gateway.ts'

const { identity, mesh, streamsOf, startGateway } = useGateway()
const ORDER = newId()
let origin: string
let upstream: PassThrough[] = []

beforeAll(async () => {
  origin = await startGateway()
})
beforeEach(() => {
  upstream = []
  mesh.requests.length = 0
  mesh.answer(streamOrder, () => {
    const stream = new PassThrough()
    upstream.push(stream)
    return { status: 200, stream }
  })
})

async function open(url = origin, subject = newId(), headers: Record<string, string> = {}) {
  const authorization = `Bearer ${await identity.customerToken(subject)}`
  return openEvents(`${url}/api/v1/orders/${ORDER}/stream`, { authorization, ...headers })
}

describe('a stream through the gateway', () => {
  it('passes events on as they come, and to the owner where the client has been', async () => {
    const events = await open(origin, newId(), { 'last-event-id': '3', 'accept-language': 'zh' })
    expect(mesh.requests[0]!.headers).toMatchObject({ 'last-event-id': '3', 'accept-language': 'zh' })
    expect(events.headers.get('content-type')).toContain('text/event-stream')

    upstream[0]!.write('id: 4\nevent: order\ndata: {"status":')
    upstream[0]!.write('"PLACED"}\n\n')
    expect(await events.next()).toEqual({ event: 'order', id: '4', data: { status: 'PLACED' } })
    upstream[0]!.end()
    expect(await events.rest()).toEqual([])
  })

  it('gives a refusal on as it is', async () => {
    mesh.answer(streamOrder, () => problemAnswer('not-found'))

    const events = await open()

    expect([events.status, events.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
  })

  it('lets the owner go when the client leaves', async () => {
    const events = await open()
    events.close()

    await until('the owner is let go', () => upstream[0]!.destroyed)
  })

  it('ends for the client when the owner’s instance dies, so that it comes back', async () => {
    const events = await open()
    upstream[0]!.destroy(new Error('killed'))

    expect(await events.rest()).toEqual([])
  })

  it('is one of a few that a customer may have open, and no request in flight', async () => {
    const url = await startGateway({ SUBJECT_MAX_STREAMS: '2', SUBJECT_MAX_IN_FLIGHT: '1' })
    const subject = newId()
    const [first, second, third] = [
      await open(url, subject),
      await open(url, subject),
      await open(url, subject),
    ]

    expect([first.status, second.status, third.status]).toEqual([200, 200, 429])
    first.close()
    await until('a place is free again', async () => {
      const again = await open(url, subject)
      again.close()
      return again.status === 200
    })
    second.close()
  })

  it('says good-bye when the gateway stops, unless half an event is out', async () => {
    const url = await startGateway()
    const [whole, half] = [await open(url), await open(url)]
    upstream[0]!.write('event: order\ndata: {}\n\n')
    upstream[1]!.write('event: order\ndata: {"st')
    await whole.next()

    streamsOf.at(-1)!.stop()

    expect(await whole.rest()).toEqual([{ event: 'bye', data: { because: 'stopping' } }])
    expect(await half.rest()).toEqual([])
    await until('the owner is let go', () => upstream.every(({ destroyed }) => destroyed))
  })

  it('ends with the token it began with: a session that has ended is asked for again', async () => {
    const person = { subject: newId(), role: 'customer' } as const
    const token = await identity.signerOf('gateway').sign(person, { ttlS: 1 })
    const events = await openEvents(`${origin}/api/v1/orders/${ORDER}/stream`, {
      authorization: `Bearer ${token}`,
    })

    expect(await events.rest()).toEqual([{ event: 'bye', data: { because: 'stopping' } }])
  })
})
