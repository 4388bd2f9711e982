import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { useDatabase } from '@lepton/testing/database'
import { createIdentity } from '@lepton/testing/identity'
import { silentLog } from '@lepton/testing/log'
import { type People, servePeople } from '@lepton/testing/people'
import { until } from '@lepton/testing/until'
import { z } from 'zod'
import { answer, createHttpApp } from '../src/http/app.ts'
import { createInboundLimit } from '../src/http/inbound-limit.ts'
import { startOpsListener } from '../src/http/ops-listener.ts'
import { route } from '../src/http/route.ts'
import { createMetrics } from '../src/runtime/metrics.ts'
import { Contended, Unavailable } from '../src/runtime/problem.ts'
import { closeServer, startServer } from '../src/http/server.ts'

const test = useDatabase('events')
const metrics = createMetrics()
const identity = createIdentity()
const common = { owner: 'order', access: ['anyone'] } as const
const listThings = route({
  ...common,
  operation: 'list_things',
  method: 'GET',
  path: '/things',
  query: z.strictObject({ limit: z.string().regex(/^\d+$/).default('20') }),
  answers: {
    200: z.object({
      items: z.array(z.object({ item_id: z.string().regex(/^[a-z-]+$/) })),
      next_cursor: z.null(),
    }),
  },
})
const addThing = route({
  ...common,
  operation: 'add_thing',
  method: 'POST',
  path: '/things',
  body: z.strictObject({ quantity: z.int().min(1).max(999).optional() }),
  answers: { 204: null },
})
const getThing = route({
  ...common,
  operation: 'get_thing',
  method: 'GET',
  path: '/things/:thing_id',
  params: z.strictObject({ thing_id: z.string() }),
  answers: { 200: z.object({ path: z.string() }) },
})
let people: People
let add: () => Promise<void> = () => Promise.resolve()

beforeAll(async () => {
  const rows = [{ item_id: 'good-one' }, { item_id: 'NOT A NAME' }, { item_id: 'good-two' }]
  const inbound = createInboundLimit({ metrics, settings: { initial: 1_000 } })
  const deps = {
    name: 'order-1',
    log: silentLog,
    metrics,
    verify: identity.verify,
    isReady: () => true,
    inbound,
  }
  people = await servePeople(
    createHttpApp(deps, [
      answer(listThings, () => Promise.resolve({ status: 200, body: { items: rows, next_cursor: null } })),
      answer(addThing, async () => {
        await add()
        return { status: 204 }
      }),
      answer(getThing, ({ path }) => Promise.resolve({ status: 200, body: { path } })),
    ]),
    identity,
  )
})
afterAll(async () => {
  await people.close()
  identity.remove()
})

function raw(request: string): Promise<string> {
  const socket = connect(Number(new URL(people.url).port), '127.0.0.1')
  socket.end(request)
  return text(socket)
}

describe('a list', () => {
  it('goes out without the row that cannot be read', async () => {
    const { status, body } = await people.anyone().get<{ items: unknown[] }>('/things')

    expect([status, body.items]).toEqual([200, [{ item_id: 'good-one' }, { item_id: 'good-two' }]])
  })
})

describe('a request', () => {
  it('has the type of its body whichever way that is framed', async () => {
    const head = 'POST /things HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: text/plain\r\n'
    const chunked = await raw(`${head}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`)
    const counted = await raw(`${head}Content-Length: 2\r\n\r\n{}`)

    for (const answered of [chunked, counted]) expect(answered).toMatch(/^HTTP\/1.1 415/)
  })

  it('may not name what its route does not know, also where it knows no query at all', async () => {
    const someone = people.anyone()
    expect((await someone.get('/things/one?x=1')).status).toBe(400)
    expect((await someone.get('/things?limit=0x10')).status).toBe(400)
    expect((await someone.get('/things?limit=10')).status).toBe(200)
  })

  it('has one path for keys and derived ids', async () => {
    const { body } = await people.anyone().get<{ path: string }>('/things/%6fne')
    expect(body.path).toBe('/things/one')
    expect((await people.anyone().get('/things/one/')).status).toBe(404)
    expect((await people.anyone().get('/Things/one')).status).toBe(404)
  })

  it('whose caller left it no time is not begun', async () => {
    let begun = 0
    add = () => Promise.resolve(void (begun += 1))
    const answered = await people.anyone().post('/things', {}, { headers: { 'lepton-deadline-ms': '1' } })

    expect(answered).toMatchObject({ status: 504, headers: { 'lepton-fault': 'deadline' } })
    expect(begun).toBe(0)
  })

  it('that takes longer than its caller waits is answered in time, whatever its work does later', async () => {
    const work = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const headers = { 'lepton-deadline-ms': '100' }
    const answers = work.map(({ promise }) => {
      add = () => promise
      return people.anyone().post('/things', {}, { headers })
    })

    for (const answered of await Promise.all(answers)) {
      expect(answered).toMatchObject({
        status: 504,
        body: { type: '/problems/deadline-exceeded' },
        headers: { 'lepton-fault': 'deadline' },
      })
    }
    work[0]!.resolve()
    work[1]!.reject(new Error('too late to matter'))
    add = () => Promise.resolve()
    expect((await people.anyone().post('/things', {})).status).toBe(204)
  })

  it('that fails after its time costs the next one on its connection nothing', async () => {
    const late = Promise.withResolvers<void>()
    const next = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const socket = connect(Number(new URL(people.url).port), '127.0.0.1')
    let received = ''
    socket.on('data', (chunk) => (received += chunk.toString()))
    const post = (header: string) =>
      socket.write(`POST /things HTTP/1.1\r\nHost: x\r\n${header}\r\nContent-Length: 0\r\n\r\n`)
    add = () => late.promise
    post('lepton-deadline-ms: 50')
    await until('the first has its answer', () => received.startsWith('HTTP/1.1 504'))
    add = () => (begun.resolve(), next.promise)
    post('Connection: close')
    await begun.promise

    late.reject(new Error('too late to matter'))
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    next.resolve()

    await once(socket, 'close')
    expect(received).toContain('HTTP/1.1 204')
  })

  it('that needs a service which is away says which', async () => {
    add = () => Promise.reject(new Unavailable('inventory', { fault: 'inventory' }))

    expect(await people.anyone().post('/things', {})).toMatchObject({
      status: 503,
      headers: { 'lepton-fault': 'inventory' },
    })
  })

  it('that waits in vain for rows of another request gets a 409, and no instance is blamed', async () => {
    const database = test.open({ lockTimeoutMs: 50 })
    const holder = await database.connect('holder')
    await holder.query('begin; lock table tally')
    const seen: unknown[] = []
    add = () =>
      database
        .inTransaction((tx) => tx.query('select * from tally for update'))
        .then(
          () => undefined,
          (error: unknown) => {
            seen.push(error)
            throw error
          },
        )

    const answered = await people.anyone().post('/things', {})

    expect(seen[0]).toBeInstanceOf(Contended)
    expect(answered).toMatchObject({
      status: 409,
      body: { type: '/problems/request-in-progress' },
      headers: { 'retry-after': '1' },
    })
    await holder.query('rollback')
    await holder.end()
  })
})

describe('readiness', () => {
  it('is that of the instance that is asked for, on both listeners', async () => {
    const ops = await startOpsListener({
      host: '127.0.0.1',
      port: 0,
      name: 'order-1',
      metrics,
      isReady: () => true,
    })
    const statuses = async (origin: string) => {
      const paths = ['/readyz', '/readyz?instance=order-1', '/readyz?instance=order-2']
      return Promise.all(paths.map(async (path) => (await fetch(origin + path)).status))
    }

    expect(await statuses(people.url)).toEqual([200, 200, 503])
    expect(await statuses(`http://127.0.0.1:${ops.port}`)).toEqual([200, 200, 503])
    await closeServer(ops.server)
  })
})

describe('the page of metrics', () => {
  it('has few series whatever methods and paths are sent, and is rendered once for all who ask at once', async () => {
    for (const method of ['PURGE', 'LINK', 'QUERY', 'TRACE', 'PROPFIND', 'M-SEARCH']) {
      await raw(`${method} /things HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    }
    const { server, port } = await startOpsListener({
      host: '127.0.0.1',
      port: 0,
      metrics,
      isReady: () => true,
    })
    let rendered = 0
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    metrics.gauge({
      name: 'rendered',
      help: 'Times',
      collect: (gauge) => {
        gauge.set(++rendered)
        return gate
      },
    })
    let requests = 0
    server.on('request', () => (requests += 1))

    const asked = Array.from({ length: 20 }, () =>
      fetch(`http://127.0.0.1:${port}/metrics`).then((page) => page.text()),
    )
    await until('all to have asked', () => requests === 20)
    open()
    const pages = await Promise.all(asked)

    expect(pages[0]).toContain('http_request_method="_OTHER"')
    expect(pages[0]).not.toMatch(/PURGE|LINK|QUERY/)
    expect(rendered).toBe(1)
    server.closeAllConnections()
    await closeServer(server)
  })
})

describe('a slow client', () => {
  it('is cut off when its request does not arrive in time', async () => {
    const { server, port } = await startServer((_req, _res) => undefined, {
      HOST: '127.0.0.1',
      PORT: 0,
      REQUEST_TIMEOUT_MS: 200,
      HEADERS_TIMEOUT_MS: 100,
    })
    const socket = connect(port, '127.0.0.1')
    socket.write('POST /things HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{')

    expect(await text(socket)).toMatch(/^HTTP\/1.1 408/)
    await closeServer(server)
  })
})
