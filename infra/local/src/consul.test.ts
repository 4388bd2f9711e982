import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from '@jest/globals'
import { hasAuthority } from './consul.ts'

it.each([
  ['has', 200, true],
  ['does not have', 500, false],
])('knows that a Consul %s an authority of its own', async (_what, status, expected) => {
  const server = createServer((req, res) => {
    res.writeHead(req.url === '/v1/agent/connect/ca/roots' ? status : 404).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  expect(await hasAuthority(`http://127.0.0.1:${port}`)).toBe(expected)
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
  expect(await hasAuthority(`http://127.0.0.1:${port}`)).toBe(false)
})
