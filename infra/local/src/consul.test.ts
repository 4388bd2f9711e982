import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { CannotStart } from './cannot-start.ts'
import { hasAuthority } from './consul.ts'
import { createRegistry } from './readiness.ts'

const server = createServer()
afterEach(async () => {
  server.removeAllListeners('request')
  if (!server.listening) return
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
})

type Answer = [status: number, text: string] | undefined

async function consulThat(answers: (path: string, token?: string) => Answer) {
  server.on('request', (req, res) => {
    const [status, text] = answers(req.url ?? '', req.headers['x-consul-token']?.toString()) ?? []
    if (status !== undefined) res.writeHead(status).end(text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('whether a given Consul has an authority of its own', () => {
  it('is said by its roots', async () => {
    const address = await consulThat((path) =>
      path === '/v1/agent/connect/ca/roots' ? [200, '{"Roots":[]}'] : [404, ''],
    )
    expect(await hasAuthority(address)).toBe(true)
  })

  it('is denied where Connect is off', async () => {
    const address = await consulThat(() => [500, 'Connect must be enabled in order to use this endpoint'])
    expect(await hasAuthority(address)).toBe(false)
  })

  it.each([
    ['refuses', [403, 'Permission denied'] as [number, string]],
    ['has a fault', [500, 'No cluster leader'] as [number, string]],
    ['hangs', undefined],
  ])('is not known where it %s', async (_what, answer) => {
    const address = await consulThat(() => answer)
    await expect(hasAuthority(address)).rejects.toThrow(CannotStart)
  })

  it('is not known where none answers', async () => {
    const address = await consulThat(() => undefined)
    server.close()
    await once(server, 'close')
    await expect(hasAuthority(address)).rejects.toThrow(/ECONNREFUSED.*MESH_TLS=off/)
  })
})

it('sees the instances that a given Consul shows to its token only', async () => {
  const entry = { Service: 'order', Address: '127.0.0.1', Port: 3_000, Meta: { instance: 'order-1' } }
  const address = await consulThat((_path, token) => [
    200,
    JSON.stringify(token === 'secret' ? { 'order-1-3000': entry } : {}),
  ])
  const folder = mkdtempSync(join(tmpdir(), 'lepton-token-'))
  const file = join(folder, 'consul.secret')
  writeFileSync(file, 'secret\n')
  try {
    const found = await createRegistry(address, file)('order-1')
    expect(found).toMatchObject([{ id: 'order-1-3000', service: 'order', port: 3_000 }])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
