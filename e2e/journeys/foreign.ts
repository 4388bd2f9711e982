import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, it } from '@jest/globals'
import { until } from '@lepton/testing/until'
import { operator, target } from './world.ts'

const SERVICE = 'billing'
const API = '/api/v1'
/** A shop in containers reaches nothing on this machine. */
const onThisMachine = target.inside === undefined ? it.skip : it

interface Asked {
  status: string
  instance: string
  answer: { status: number; body: string }
}

/** A service that knows nothing of the shop: any HTTP server. */
async function startForeign(answer: string): Promise<{ server: Server; port: number }> {
  const server = createServer((_req, res) => void res.end(answer)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

/** A foreign service that an operator registers, found and failed over like the shop's own. */
export function foreign(): void {
  const servers: Server[] = []
  const ask = () => operator.ask<Asked>('GET', `${API}/service?service_name=${SERVICE}&path=/bills`)
  afterAll(() => servers.forEach((server) => server.close()))

  onThisMachine(
    'registers two instances; both answer over the mesh, and one alone when the other has died',
    async () => {
      const [one, two] = await Promise.all([startForeign('one'), startForeign('two')])
      servers.push(one.server, two.server)
      for (const { port } of [one, two]) {
        const body = { service_name: SERVICE, service_address: '127.0.0.1', service_port: port }
        expect(await operator.ask('POST', `${API}/register`, { body })).toMatchObject({
          status: 200,
          body: { status: 'success', instance: `${SERVICE}-${port}` },
        })
      }
      const seen = new Set<string>()
      await until('both answer', async () => {
        const { status, body } = await ask()
        if (status === 200) seen.add(body.answer.body)
        return seen.size === 2
      })

      one.server.closeAllConnections()
      one.server.close()
      const answers = []
      for (let count = 0; count < 20; count++) answers.push(await ask())
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
      expect(new Set(answers.map(({ body }) => body.answer.body))).toEqual(new Set(['two']))
    },
  )

  onThisMachine('is asked by a name, and registered nowhere else', async () => {
    const named = await fetch(`${target.gateway}${API}/service`, {
      headers: { authorization: `Bearer ${operator.token}` },
    })
    expect(named.status).toBe(400)
    for (const service_address of ['169.254.169.254', '10.0.0.1']) {
      const body = { service_name: SERVICE, service_address, service_port: 80 }
      expect((await operator.ask('POST', `${API}/register`, { body })).status).toBe(422)
    }
  })
}
