import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { expect, it } from '@jest/globals'
import { client, target } from '../journeys/world.ts'

const EVIL = 'evil-order'
const REQUESTS = 300
/** As instances of the shop are registered. */
const SPEAKS_TLS = { tls: 'mutual' }

interface Request {
  method: 'GET' | 'PUT'
  path: string
  body?: object
}

const register = (port: number, meta: Record<string, string> = {}): Request => ({
  method: 'PUT',
  path: '/v1/agent/service/register',
  body: { ID: EVIL, Name: 'order', Address: '127.0.0.1', Port: port, Meta: { instance: EVIL, ...meta } },
})
const LEAF_OF_INVENTORY: Request = { method: 'GET', path: '/v1/agent/connect/ca/leaf/inventory' }
const deregister: Request = { method: 'PUT', path: `/v1/agent/service/deregister/${EVIL}` }

/** Finding 8: what a program that reaches Consul can do. */
export function consulUsers(): void {
  const inside = target.inside!
  const onThisMachine = target.inside === undefined ? it.skip : it

  async function send({ method, path, body }: Request, token?: string) {
    const headers = token === undefined ? {} : { 'x-consul-token': token }
    const answer = await fetch(`${inside.consul}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, text: await answer.text() }
  }

  const ask = async (request: Request, token?: string) => (await send(request, token)).status

  const attacks: [string, Request][] = [
    ['registers as a service of the shop', register(9)],
    ['takes an instance off the list', { method: 'PUT', path: '/v1/agent/service/deregister/order-1' }],
    ['gets the certificate of one', { method: 'GET', path: '/v1/agent/connect/ca/leaf/order' }],
    ['changes a setting', { method: 'PUT', path: '/v1/kv/lepton/mesh/services/order', body: {} }],
    ['makes itself a token', { method: 'PUT', path: '/v1/acl/token', body: {} }],
    [
      'says who may call whom',
      {
        method: 'PUT',
        path: '/v1/connect/intentions/exact?source=*&destination=order',
        body: { Action: 'deny' },
      },
    ],
  ]

  onThisMachine.each(attacks)(
    '%s neither without a token nor with that of another service',
    async (_, request) => {
      expect(await ask(request)).toBeGreaterThanOrEqual(400)
      expect(await ask(request, await inside.consulToken('inventory'))).toBeGreaterThanOrEqual(400)
    },
  )

  onThisMachine('lets a service get what is its own', async () => {
    expect(await ask(LEAF_OF_INVENTORY, await inside.consulToken('inventory'))).toBe(200)
  })

  /** What a guest has of inventory, once its token is stolen: a certificate that the shop's authority signed. */
  async function certificateOfInventory(): Promise<{ cert: string; key: string }> {
    const { text } = await send(LEAF_OF_INVENTORY, await inside.consulToken('inventory'))
    const { CertPEM, PrivateKeyPEM } = JSON.parse(text) as { CertPEM: string; PrivateKeyPEM: string }
    return { cert: CertPEM, key: PrivateKeyPEM }
  }

  const plain = (take: (socket: Socket) => void): Server => createServer(take)
  const asInventory = async (take: (socket: Socket) => void): Promise<Server> =>
    createTlsServer(await certificateOfInventory(), take).on('tlsClientError', () => undefined)

  onThisMachine.each([
    ['that says it speaks TLS', SPEAKS_TLS, plain],
    ['that says nothing of TLS', {}, plain],
    ['that has the certificate of another service', SPEAKS_TLS, asInventory],
  ])('never gives a token to an entry %s', async (_, meta, listen) => {
    const received: Buffer[] = []
    const listener = await listen((socket) => {
      socket.on('data', (bytes) => received.push(bytes))
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const { port } = listener.address() as AddressInfo
    const token = await inside.consulToken('operator')
    try {
      expect(await ask(register(port, meta), token)).toBe(200)
      const shopper = await client.shopper()
      // Long enough for every gateway to have read the entry, and to have tried it.
      for (let asked = 0; asked < REQUESTS; asked++) {
        expect((await shopper.ask('GET', '/api/v1/orders')).status).toBe(200)
      }
    } finally {
      await ask(deregister, token)
      listener.close()
    }
    expect(Buffer.concat(received).toString('latin1')).not.toMatch(/authorization|bearer|\/orders/i)
  })
}
