import { text } from 'node:stream/consumers'
import { describe, expect, it } from '@jest/globals'
import { until } from '@lepton/testing/until'
import { meshDefaults } from '../src/mesh/settings.ts'
import { Unavailable } from '../src/runtime/problem.ts'
import { useInstances } from './mesh-fixtures.ts'

const { instances, over } = useInstances()
const EVENT = 'event: order\ndata: {}\n\n'
const question = {
  service: 'order',
  operation: 'streamOrder',
  method: 'GET',
  path: '/orders/1/stream',
} as const

describe('a stream over the mesh', () => {
  it('is there with its headers, and outlasts the deadline', async () => {
    const [a] = await instances('order-1')
    const { promise: begun, resolve: begin } = Promise.withResolvers<() => void>()
    a!.handler = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      begin(() => res.end(EVENT))
    }
    const { client } = over([a!])

    const answer = await client.stream({ ...question, deadlineMs: 200 }, new AbortController().signal)
    const end = await begun
    await until('the deadline is over', () => Number(a!.requests[0]!.headers['lepton-deadline-ms']) <= 200)
    end()

    expect(answer).toMatchObject({ status: 200, endpoint: 'order-1' })
    expect(await text(answer.stream!)).toBe(EVENT)
  })

  it('whose headers do not come in time is asked of another instance', async () => {
    const [a, b] = await instances('order-1', 'order-2')
    a!.handler = () => {}
    const { client } = over([a!, b!], { policy: 'round_robin' as const })

    const answer = await client.stream({ ...question, deadlineMs: 500 }, new AbortController().signal)

    expect(answer.endpoint).toBe('order-2')
    expect(await text(answer.stream!)).toBe('order-2')
  })

  it('that is refused is a whole answer, and without an instance it is unavailable', async () => {
    const [a] = await instances('order-1')
    a!.handler = (_req, res) => res.writeHead(404).end('{"status":404}')
    const { client } = over([a!])
    const { signal } = new AbortController()

    const answer = await client.stream(question, signal)
    expect(answer).toMatchObject({ status: 404, body: Buffer.from('{"status":404}') })
    expect(answer.stream).toBeUndefined()

    await a!.kill()
    await expect(client.stream(question, signal)).rejects.toThrow(Unavailable)
  })

  it('lets its instance go when its reader leaves', async () => {
    const [a] = await instances('order-1')
    const { promise: gone, resolve } = Promise.withResolvers<void>()
    a!.handler = (_req, res) => {
      res.once('close', () => resolve())
      res.writeHead(200).write(EVENT)
    }
    const { client } = over([a!])
    const leaving = new AbortController()
    const { stream } = await client.stream(question, leaving.signal)
    stream!.on('error', () => undefined)

    leaving.abort()

    await gone
  })

  it('takes no connection and no place from requests', async () => {
    const [a] = await instances('order-1')
    a!.handler = (req, res) => {
      if (req.url!.endsWith('/stream')) res.writeHead(200).write(EVENT)
      else res.end('answered')
    }
    const { client, get } = over([a!], {
      maxPending: 2,
      transport: { ...meshDefaults.transport, connections: 1 },
    })
    const leaving = new AbortController()
    for (let count = 0; count < 5; count++) {
      const { stream } = await client.stream(question, leaving.signal)
      stream!.on('error', () => undefined)
    }

    expect((await get()).body.toString()).toBe('answered')
    leaving.abort()
  })

  it('ends with an error when its instance is killed', async () => {
    const [a] = await instances('order-1')
    a!.handler = (_req, res) => void res.writeHead(200).write(EVENT)
    const { client } = over([a!])
    const { stream } = await client.stream(question, new AbortController().signal)

    const read = text(stream!)
    await a!.kill()

    await expect(read).rejects.toThrow()
  })
})
