import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { newId } from '../src/runtime/id.ts'
import { silentLog } from '@lepton/testing/log'
import { hasPython } from '@lepton/testing/python'
import { until } from '@lepton/testing/until'
import { createConsulClient } from '../src/mesh/consul.ts'
import type { ProxySettings } from '../src/mesh/proxy/forward.ts'
import { Mesh } from '../src/mesh/mesh.ts'
import { createProxy } from '../src/mesh/proxy/proxy.ts'
import { useConsulDns } from './mesh-consul-agent.ts'
import { type FakeInstance, failuresOf, inParallel, useInstances } from './mesh-fixtures.ts'

jest.setTimeout(30_000)

const MAIN = join(import.meta.dirname, '../src/mesh/proxy/main.ts')
const { instances, over } = useInstances()
const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

interface Raw {
  method?: string
  path?: string
  headers?: Record<string, string>
  body?: string | Buffer
}

interface Answered {
  status: number
  headers: IncomingMessage['headers']
  text: string
}

/** A client that knows nothing of a mesh, as curl is. */
async function ask(
  port: number,
  { method = 'GET', path = '/', headers = {}, body }: Raw = {},
): Promise<Answered> {
  const options = { host: '127.0.0.1', port, method, path, agent: false as const }
  const req = request({ ...options, headers: { host: 'order.mesh', ...headers } }).end(body)
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  const text = Buffer.concat(await res.toArray()).toString()
  return { status: res.statusCode!, headers: res.headers, text }
}

/** The proxy over a client that knows these instances as `order`. */
async function proxyOver(fakes: FakeInstance[], settings: Partial<ProxySettings> = {}, deadlineMs = 2_000) {
  const { client } = over(fakes, { deadlineMs })
  const server = createProxy({ mesh: client, log: silentLog }, settings).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as { port: number }
  return port
}

describe('the local proxy', () => {
  it('passes method, path, headers and body on, and the answer back, without what is of the connection', async () => {
    const [one] = await instances('order-1')
    let seen: Raw = {}
    one!.handler = (req, res) => {
      const { method, url, headers } = req
      seen = { method: method!, path: url!, headers: headers as Record<string, string> }
      req.once('data', (body: Buffer) => (seen.body = body))
      const own = {
        'x-answer': 'yes',
        connection: 'close, x-hop',
        'x-hop': '1',
        'set-cookie': ['a=1', 'b=2'],
      }
      req.once('end', () => res.writeHead(201, own).end('made'))
    }
    const port = await proxyOver([one!])

    const answer = await ask(port, {
      method: 'POST',
      path: '/orders?dry=1',
      headers: { 'x-one': '1', connection: 'x-secret', 'x-secret': '2', te: 'trailers' },
      body: 'body',
    })

    expect(seen).toMatchObject({ method: 'POST', path: '/orders?dry=1', body: Buffer.from('body') })
    expect(seen.headers).toMatchObject({ 'x-one': '1', host: `127.0.0.1:${one!.instance.port}` })
    expect(seen.headers).not.toHaveProperty('x-secret')
    expect(seen.headers).not.toHaveProperty('te')
    expect([answer.status, answer.text]).toEqual([201, 'made'])
    expect(answer.headers).toMatchObject({
      'x-answer': 'yes',
      'set-cookie': ['a=1', 'b=2'],
      'content-length': '4',
    })
    expect(answer.headers).not.toHaveProperty('x-hop')
  })

  it('serves a client that has it as its http_proxy', async () => {
    const [one] = await instances('order-1')
    const port = await proxyOver([one!])

    await ask(port, { path: 'http://order.mesh/orders?x=1', headers: { host: 'elsewhere' } })

    expect(one!.requests[0]!.url).toBe('/orders?x=1')
  })

  it('answers HEAD with the length of what GET would bring', async () => {
    const [one] = await instances('order-1')
    one!.handler = (_req, res) => res.writeHead(200, { 'content-length': 1_000 }).end()
    const port = await proxyOver([one!])

    const { headers, text } = await ask(port, { method: 'HEAD' })

    expect([headers['content-length'], text]).toEqual(['1000', ''])
  })

  it.each(['shop.example', 'order.mesh.example', '.mesh', 'a/b.mesh', '127.0.0.1'])(
    'knows no host %s',
    async (host) => {
      const port = await proxyOver(await instances('order-1'))

      const answer = await ask(port, { headers: { host } })

      expect([answer.status, answer.headers['content-type']]).toEqual([404, 'application/problem+json'])
      expect(JSON.parse(answer.text)).toMatchObject({ type: '/problems/not-found', status: 404 })
    },
  )

  it('answers 503 with Retry-After while no instance does, and at once', async () => {
    const port = await proxyOver([])

    const { status, headers } = await ask(port)

    expect([status, headers['retry-after']]).toEqual([503, '1'])
  })

  it('answers by the deadline', async () => {
    const [slow] = await instances('order-1')
    slow!.handler = () => undefined
    const port = await proxyOver([slow!], {}, 100)
    const startedMs = performance.now()

    expect((await ask(port)).status).toBe(503)
    expect(performance.now() - startedMs).toBeLessThan(1_000)
  })

  it('refuses a body that is too large, also one that does not say its length', async () => {
    const [one] = await instances('order-1')
    const port = await proxyOver([one!], { maxBodyBytes: 1_000 })
    const send = (headers: Record<string, string>) =>
      ask(port, { method: 'POST', headers, body: Buffer.alloc(100_000) })

    expect((await send({})).status).toBe(413)
    expect((await send({ 'transfer-encoding': 'chunked' })).status).toBe(413)
    expect(one!.requests).toHaveLength(0)
    expect((await ask(port)).status).toBe(200)
  })

  it('refuses at once what is more than it may have in progress', async () => {
    const [one] = await instances('order-1')
    let release = () => {}
    one!.handler = (_req, res) => (release = () => res.end('late'))
    const port = await proxyOver([one!], { maxInFlight: 1 })
    const first = ask(port)
    await until('the first one is there', () => one!.requests.length === 1)

    expect((await ask(port)).status).toBe(503)
    release()
    expect((await first).text).toBe('late')
  })

  it('lets go of a request whose client is gone', async () => {
    const [one] = await instances('order-1')
    let isGone = false
    one!.handler = (_req, res) => res.once('close', () => (isGone = true))
    const port = await proxyOver([one!])
    const client = connect(port, '127.0.0.1')
    client.write('GET / HTTP/1.1\r\nHost: order.mesh\r\n\r\n')
    await until('it is asked', () => one!.requests.length === 1)

    client.destroy()
    await until('the instance sees it', () => isGone)
  })

  it('reads no second request out of a body', async () => {
    const [one] = await instances('order-1')
    const port = await proxyOver([one!])
    const client = connect(port, '127.0.0.1')
    closers.push(() => client.destroy())
    const both = 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'
    client.write(
      `POST / HTTP/1.1\r\nHost: order.mesh\r\n${both}\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nHost: order.mesh\r\n\r\n`,
    )
    const answer = Buffer.concat(await client.toArray()).toString()

    expect(answer).toMatch(/^HTTP\/1.1 400/)
    expect(one!.requests).toHaveLength(0)
  })
})

/** A service of the standard library's, which knows nothing of Consul or of us. */
const SERVICE = `
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = sys.argv[1].encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.send_header('X-Caller', str(self.headers.get('lepton-caller')))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
print('listening on 127.0.0.1:%d' % server.server_port, flush=True)
server.serve_forever()
`

/** A program in Python that calls it: its whole knowledge of the mesh is the proxy. */
const CALLER = `
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({'http': sys.argv[1]}))
print(opener.open('http://' + sys.argv[2] + '.mesh/hello', timeout=5).read().decode())
`

/** A process, with the port that its first line says. */
async function run(command: string, ...args: string[]): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  closers.push(() => child.kill('SIGKILL'))
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, port: Number(/:(\d+)$/.exec(line)?.[1]) }
}

const withPython = hasPython() && process.env.TEST_CONSUL_BINARY ? describe : describe.skip

withPython('the local proxy and a service in Python that knows nothing of us', () => {
  const agent = useConsulDns()

  async function register(service: string, name: string) {
    const { child, port } = await run('python3', '-c', SERVICE, name)
    const consul = createConsulClient({ address: agent.address })
    const check = { url: `tcp://127.0.0.1:${port}`, intervalS: 1, timeoutS: 1, failuresBeforeCritical: 2 }
    const where = { id: newId(), name: service, address: '127.0.0.1', port, tags: [], meta: {} }
    await consul.register({ ...where, check: { ...check, deregisterAfterMin: 1 } })
    closers.push(
      () => consul.close(),
      () => consul.deregister(where.id, 5_000),
    )
    return child
  }

  it('is found, balanced and failed over, and ends when asked to', async () => {
    const service = `legacy-${newId().slice(-8)}`
    const [first] = await Promise.all([register(service, 'one'), register(service, 'two')])
    const stateDir = await mkdtemp(join(tmpdir(), 'lepton-proxy-'))
    closers.push(() => rm(stateDir, { recursive: true }))
    const options = ['--listen', '127.0.0.1:0', '--name', 'caller', '--consul', agent.address]
    const proxy = await run(process.execPath, MAIN, ...options, '--state-dir', stateDir)
    const get = () => ask(proxy.port, { headers: { host: `${service}.mesh` } })
    const names = async (count: number) => {
      const results = await inParallel(count, 4, get)
      expect(failuresOf(results)).toEqual([])
      return results.flatMap((result) => (result.status === 'fulfilled' ? result.value.text : []))
    }

    await until('both are found', async () => new Set(await names(8)).size === 2)
    const shares = (await names(100)).filter((name) => name === 'one').length
    expect(Math.min(shares, 100 - shares)).toBeGreaterThan(15)

    const url = `http://127.0.0.1:${proxy.port}`
    const caller = spawn('python3', ['-c', CALLER, url, service], { stdio: ['ignore', 'pipe', 'inherit'] })
    expect(['one\n', 'two\n']).toContain(Buffer.concat(await caller.stdout.toArray()).toString())

    const during = names(200)
    first.kill('SIGKILL')
    await during
    expect(new Set(await names(20))).toEqual(new Set(['two']))

    proxy.child.kill('SIGTERM')
    const [code] = (await once(proxy.child, 'exit')) as [number]
    expect(code).toBe(0)
  })

  it('is the TLS of a service: known by its certificate, and open to those who may call it', async () => {
    const service = `legacy-${newId().slice(-8)}`
    const program = await run('python3', '-c', SERVICE, 'one')
    const stateDir = await mkdtemp(join(tmpdir(), 'lepton-proxy-'))
    closers.push(() => rm(stateDir, { recursive: true }))
    const options = [
      '--listen',
      '127.0.0.1:0',
      '--name',
      service,
      '--consul',
      agent.address,
      '--tls',
      'consul',
    ]
    const inbound = ['--inbound', '127.0.0.1:0', '--to', `http://127.0.0.1:${program.port}`]
    const proxy = await run(process.execPath, MAIN, ...options, ...inbound, '--state-dir', stateDir)
    const mesh = new Mesh({
      name: 'cart',
      consul: agent.address,
      tls: 'consul',
      stateDir,
      logLevel: 'silent',
    })
    closers.push(() => mesh.stop())
    await mesh.addService(service).start()
    const get = () =>
      mesh.sendRequest('cart', service, { method: 'GET', path: '/', headers: { 'lepton-caller': 'admin' } })

    const answer = await until('it is found', get)
    expect([answer.text(), answer.headers['x-caller']]).toEqual(['one', 'cart'])

    const consul = createConsulClient({ address: agent.address })
    closers.push(() => consul.close())
    const { instances: known } = await consul.health(service, { index: 0, waitS: 0, timeoutMs: 1_000 })
    const plain = await fetch(`http://127.0.0.1:${known[0]!.port}/`).then(
      ({ status }) => status,
      () => 'refused',
    )
    expect(plain).toBe('refused')

    program.child.kill('SIGKILL')
    await expect(get()).resolves.toMatchObject({ status: 503 })
    proxy.child.kill('SIGTERM')
    const [code] = (await once(proxy.child, 'exit')) as [number]
    expect(code).toBe(0)
    const left = await consul.health(service, { index: 0, waitS: 0, timeoutMs: 1_000 })
    expect(left.instances).toEqual([])
  })

  it('finds instances by DNS where it is set to', async () => {
    const service = `legacy-${newId().slice(-8)}`
    await register(service, 'one')
    const options = ['--listen', '127.0.0.1:0', '--name', 'caller', '--consul', agent.address]
    // Where no server answers, nothing is found.
    const found = await Promise.all(
      [agent.dns, '127.0.0.1:1'].map(async (dns) => {
        const stateDir = await mkdtemp(join(tmpdir(), 'lepton-proxy-'))
        closers.push(() => rm(stateDir, { recursive: true }))
        const { port } = await run(process.execPath, MAIN, ...options, '--dns', dns, '--state-dir', stateDir)
        return () => ask(port, { headers: { host: `${service}.mesh` } })
      }),
    )
    const [known, unknown] = found as [() => Promise<Answered>, () => Promise<Answered>]

    await until('it is found', async () => (await known()).text === 'one')
    expect((await unknown()).status).toBe(503)
  })

  it('says what it needs', async () => {
    const child = spawn(process.execPath, [MAIN, '--listen', '127.0.0.1:0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const said = Buffer.concat(await child.stderr.toArray()).toString()

    expect(said).toMatch('--name and --consul are needed')
  })
})
