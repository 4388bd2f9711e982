import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Registered {
  ID: string
  Name: string
  Address: string
  Port: number
  Tags: string[]
  Meta: Record<string, string>
  Check: Record<string, unknown>
}

type Override = (req: IncomingMessage, res: ServerResponse) => boolean

/**
 * An agent with the few endpoints we use and Consul's rules for blocking queries; and, through
 * `override`, any answer a broken one may give.
 */
export async function startFakeConsul({ port: wantedPort = 0, index: firstIndex = 10 } = {}) {
  const services = new Map<string, Registered>()
  const waiting = new Set<() => void>()
  const asked: URL[] = []
  const bodies: Registered[] = []
  let index = firstIndex
  let override: Override = () => false

  function changed(): void {
    index += 1
    for (const answer of [...waiting]) answer()
  }

  function whenNewer(url: URL, res: ServerResponse, isSame: () => boolean, answer: () => void): void {
    if (!isSame()) return answer()
    const waitMs = Number.parseInt(url.searchParams.get('wait') ?? '0', 10) * 1000
    const finish = () => {
      clearTimeout(timer)
      waiting.delete(finish)
      if (!res.destroyed) answer()
    }
    const timer = setTimeout(finish, waitMs)
    waiting.add(finish)
    res.once('close', () => {
      clearTimeout(timer)
      waiting.delete(finish)
    })
  }

  function answerHealth(url: URL, res: ServerResponse): void {
    const name = decodeURIComponent(url.pathname.split('/').at(-1)!)
    const known = Number(url.searchParams.get('index') ?? 0)
    whenNewer(
      url,
      res,
      () => known > 0 && known >= index,
      () => {
        const entries = [...services.values()]
          .filter((service) => service.Name === name)
          .map((Service) => ({ Node: { Address: '10.0.0.1' }, Service, Checks: [{ Status: 'passing' }] }))
        res
          .setHeader('x-consul-index', index)
          .setHeader('x-consul-knownleader', 'true')
          .end(JSON.stringify(entries))
      },
    )
  }

  function answerDefinition(url: URL, res: ServerResponse): void {
    const id = decodeURIComponent(url.pathname.split('/').at(-1)!)
    const service = services.get(id)
    if (service === undefined) return void res.writeHead(404).end('unknown service')
    whenNewer(
      url,
      res,
      () => url.searchParams.get('hash') === 'hash' && services.has(id),
      () => {
        if (services.has(id)) res.setHeader('x-consul-contenthash', 'hash').end(JSON.stringify(service))
        else res.writeHead(404).end('unknown service')
      },
    )
  }

  async function answerWrite(url: URL, req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (url.pathname.startsWith('/v1/agent/service/deregister/')) {
      services.delete(decodeURIComponent(url.pathname.split('/').at(-1)!))
    } else {
      const body = JSON.parse(Buffer.concat(await req.toArray()).toString()) as Registered
      bodies.push(body)
      services.set(body.ID, body)
    }
    res.end()
    changed()
  }

  const server = createServer((req, res) => {
    const url = new URL(req.url!, 'http://consul')
    asked.push(url)
    if (override(req, res)) return
    if (req.method === 'PUT') void answerWrite(url, req, res)
    else if (url.pathname.startsWith('/v1/health/service/')) answerHealth(url, res)
    else answerDefinition(url, res)
  })
  server.listen(wantedPort, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    address: `http://127.0.0.1:${port}`,
    port,
    services,
    asked,
    bodies,
    setIndex: (value: number) => (index = value),
    setOverride: (next: Override) => (override = next),
    register(name: string, ...names: string[]) {
      for (const id of names) {
        services.set(id, {
          ID: id,
          Name: name,
          Address: '127.0.0.1',
          Port: 1,
          Tags: [],
          Meta: { instance: id },
          Check: {},
        })
      }
      changed()
    },
    forget(...ids: string[]) {
      for (const id of ids) services.delete(id)
      changed()
    },
    async stop() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

export type FakeConsul = Awaited<ReturnType<typeof startFakeConsul>>
