import { describe, expect, it } from '@jest/globals'
import { text } from 'node:stream/consumers'
import { fetch as undiciFetch, request } from 'undici'
import { createMeshDispatcher } from '../src/mesh/dispatcher.ts'
import { useInstances } from './mesh-fixtures.ts'

const mesh = useInstances()
const FETCHES = [
  ['undici', undiciFetch as unknown as typeof fetch],
  ['Node', fetch],
] as const

async function twoInstances() {
  const [one, two] = await mesh.instances('one', 'two')
  const dispatcher = createMeshDispatcher(mesh.over([one!, two!]).client)
  return { one: one!, two: two!, init: { dispatcher } as unknown as RequestInit }
}

async function causeOf(asked: Promise<unknown>): Promise<unknown> {
  const error = await asked.then(
    () => undefined,
    (fault: unknown) => fault as { cause?: { message?: string } },
  )
  return error?.cause?.message
}

describe.each(FETCHES)('fetch of %s through the mesh', (_whose, fetchOf) => {
  it('asks the instances of the service that the host names', async () => {
    const { init } = await twoInstances()

    const names = await Promise.all(
      Array.from({ length: 20 }, async () => (await fetchOf('http://order/orders/1', init)).text()),
    )

    expect(new Set(names)).toEqual(new Set(['one', 'two']))
  })

  it('goes to another instance when one is dead', async () => {
    const { one, init } = await twoInstances()
    await one.kill()

    for (let call = 0; call < 10; call++)
      expect(await (await fetchOf('http://order/orders/1', init)).text()).toBe('two')
  })

  it('sends method, headers and body, and gives status, headers and body', async () => {
    const { one, two, init } = await twoInstances()
    let body = ''
    for (const instance of [one, two]) {
      instance.handler = (req, res) =>
        void text(req).then((sent) => {
          body = sent
          res.writeHead(201, { 'x-kind': 'order', 'set-cookie': ['a=1', 'b=2'] }).end('{"made":true}')
        })
    }

    const answer = await fetchOf('http://order/orders?limit=3', {
      ...init,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-mine': 'yes' },
      body: JSON.stringify({ lines: [] }),
    })

    expect([answer.status, answer.headers.get('x-kind'), await answer.json()]).toEqual([
      201,
      'order',
      { made: true },
    ])
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    const [asked] = [...one.requests, ...two.requests]
    expect([asked!.method, asked!.url, asked!.headers['x-mine'], body]).toEqual([
      'POST',
      '/orders?limit=3',
      'yes',
      '{"lines":[]}',
    ])
  })

  it('rejects when the caller aborts, and when no instance answers', async () => {
    const { one, two, init } = await twoInstances()
    for (const instance of [one, two]) instance.handler = () => undefined
    const controller = new AbortController()
    const asked = fetchOf('http://order/orders/1', { ...init, signal: controller.signal })
    controller.abort()
    await expect(asked).rejects.toThrow(/abort/i)

    await Promise.all([one.kill(), two.kill()])
    expect(await causeOf(fetchOf('http://order/orders/1', init))).toContain('order is not available')
  })

  it('rejects a body that is longer than it keeps', async () => {
    const { init } = await twoInstances()
    const body = new Blob(['x'.repeat(1024 * 1024 + 1)])

    const sent = fetchOf('http://order/orders', { ...init, method: 'PUT', body })

    expect(await causeOf(sent)).toContain('the body has more than 1048576 bytes')
  })
})

it('request of undici goes through the mesh, too', async () => {
  const [one] = await mesh.instances('one')
  const dispatcher = createMeshDispatcher(mesh.over([one!]).client)

  const { statusCode, body } = await request('http://order/orders/1', { dispatcher })

  expect([statusCode, await body.text()]).toEqual([200, 'one'])
})
