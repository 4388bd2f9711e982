import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { route } from '../src/http/route.ts'
import { openEvents } from '@lepton/testing/events'
import { createIdentity } from '@lepton/testing/identity'
import { silentLog } from '@lepton/testing/log'
import { type People, servePeople } from '@lepton/testing/people'
import { until } from '@lepton/testing/until'
import { z } from 'zod'
import { answer, createHttpApp } from '../src/http/app.ts'
import { createStreams, type EventStream, type Streams } from '../src/http/event-stream.ts'
import { createInboundLimit, type InboundLimit } from '../src/http/inbound-limit.ts'
import { remainingMs } from '../src/runtime/deadline.ts'
import { createMetrics } from '../src/runtime/metrics.ts'

const watchThing = route({
  operation: 'watch_thing',
  owner: 'order',
  access: ['anyone'],
  method: 'GET',
  path: '/thing/stream',
  answers: { 200: null },
  events: { thing: z.object({ size: z.int() }) },
})
const identity = createIdentity()
const metrics = createMetrics()
let people: People
let url: string
let streams: Streams
let inbound: InboundLimit
let work: (out: EventStream) => Promise<void>
const opened: EventStream[] = []

/** Stays open until the client leaves or the instance stops. */
const stay = (out: EventStream) =>
  new Promise<void>((resolve) => out.signal.addEventListener('abort', () => resolve()))

beforeAll(() => {
  inbound = createInboundLimit({ metrics, settings: { initial: 2, min: 1, max: 2 } })
})
beforeEach(async () => {
  streams = createStreams({ max: 2, metrics, name: 'order' })
  const deps = { log: silentLog, metrics, verify: identity.verify, isReady: () => true, inbound, streams }
  people = await servePeople(
    createHttpApp({ ...deps, requestTimeoutMs: 50 }, [
      answer(watchThing, () =>
        Promise.resolve({
          status: 200,
          stream: (out) => {
            opened.push(out)
            return work(out)
          },
        }),
      ),
    ]),
    identity,
  )
  url = `${people.url}/thing/stream`
  opened.length = 0
  work = stay
})
afterEach(async () => {
  streams.stop()
  await people.close()
})
afterAll(() => {
  inbound.stop()
  identity.remove()
})

describe('a stream', () => {
  it('sends events with their ids through the schema of the route, and says that it ended', async () => {
    work = (out) => {
      out.send('thing', { size: 1, secret: 'not in the schema' }, '7')
      return Promise.resolve()
    }

    const events = await openEvents(url)

    expect(events.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(events.headers.get('cache-control')).toBe('no-store')
    expect(await events.rest()).toEqual([
      { event: 'thing', data: { size: 1 }, id: '7' },
      { event: 'bye', data: { because: 'ended' } },
    ])
  })

  it('outlasts the deadline of its request', async () => {
    let left: number | undefined = 0
    work = async (out) => {
      left = remainingMs()
      await stay(out)
    }
    const events = await openEvents(url)
    opened[0]!.send('thing', { size: 1 })

    expect(await events.next()).toMatchObject({ data: { size: 1 } })
    expect(left).toBeUndefined()
    events.close()
  })

  it('hears when its client leaves', async () => {
    const events = await openEvents(url)
    events.close()

    await until('the stream is let go', () => opened[0]!.signal.aborted)
  })

  it('takes no place of requests, and has a bound of its own', async () => {
    const [first, second] = [await openEvents(url), await openEvents(url)]
    const third = await openEvents(url)

    expect([first.status, second.status, third.status]).toEqual([200, 200, 503])
    expect(JSON.parse(third.text)).toMatchObject({ type: '/problems/overloaded' })
    expect(inbound.hasRoom('read')).toBe(true)
    first.close()
    await until('a place is free again', async () => {
      const again = await openEvents(url)
      again.close()
      return again.status === 200
    })
    second.close()
  })

  it('leaves its connection to the next one when it has ended', async () => {
    work = () => Promise.resolve()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ask = async () => {
      const [answer] = (await once(get(url, { agent }), 'response')) as [IncomingMessage]
      const { localPort } = answer.socket
      await once(answer.resume(), 'end')
      return localPort
    }

    expect(await ask()).toBe(await ask())
    agent.destroy()
  })

  it('ends with its connection when the instance stops', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write('GET /thing/stream HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(socket, 'data')

    streams.stop()

    await once(socket.resume(), 'end')
    socket.destroy()
  })

  it('says good-bye when the instance stops, which takes no new ones then', async () => {
    const events = await openEvents(url)

    streams.stop()

    expect(await events.rest()).toEqual([{ event: 'bye', data: { because: 'stopping' } }])
    expect((await openEvents(url)).status).toBe(503)
  })

  it('of a client that does not read is cut, and does not fill the memory', async () => {
    work = async (out) => {
      for (let size = 0; !out.signal.aborted; size++) {
        out.send('thing', { size })
        if (size % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const socket = connect(Number(new URL(url).port), '127.0.0.1').pause()
    socket.write('GET /thing/stream HTTP/1.1\r\nHost: x\r\n\r\n')

    await until('the stream is cut', () => opened[0]?.signal.aborted)
    expect(opened[0]!.queuedBytes()).toBeLessThan(2 * 1024 * 1024)
    socket.destroy()
  })

  it('answers HEAD with its headers and ends', async () => {
    const answer = await fetch(url, { method: 'HEAD' })

    expect(answer.headers.get('content-type')).toContain('text/event-stream')
    expect(opened).toEqual([])
  })
})
