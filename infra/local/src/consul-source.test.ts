import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { findConsul } from './consul-source.ts'
import { readConfig } from './config.ts'

let dir: string
let notes: string[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lepton-consul-'))
  notes = []
})
afterEach(() => rmSync(dir, { recursive: true }))

function putConsul(folder: string, version: string) {
  mkdirSync(join(dir, folder), { recursive: true })
  writeFileSync(join(dir, folder, 'consul'), `#!/bin/sh\necho "Consul v${version}"\n`, { mode: 0o755 })
}

function find(url: string) {
  const config = { ...readConfig({ LEPTON_CACHE_DIR: dir }), path: join(dir, 'bin') }
  const { signal } = new AbortController()
  return findConsul({ config, signal, note: (message) => notes.push(message) }, url)
}

async function portThat(answers: 'refuses' | 'is silent'): Promise<{ url: string; close: () => void }> {
  const server = createServer()
  await new Promise((listening) => server.listen(0, '127.0.0.1', () => listening(undefined)))
  const { port } = server.address() as { port: number }
  if (answers === 'refuses') await new Promise((closed) => server.close(closed))
  return { url: `http://127.0.0.1:${port}/consul.zip`, close: () => server.close() }
}

it('prefers the one that is installed, then the release in the cache', async () => {
  putConsul('consul-debian', '1.8.7')
  putConsul('consul-1.20.1', '1.20.1')
  expect(await find('http://127.0.0.1:1')).toMatchObject({ version: '1.20.1', origin: 'cached' })

  putConsul('bin', '1.21.5')
  expect(await find('http://127.0.0.1:1')).toMatchObject({ version: '1.21.5', origin: 'installed' })
  expect(notes).toEqual([])
})

it.each(['refuses', 'is silent'] as const)(
  'runs the older one within two seconds when the server %s, and says why',
  async (answers) => {
    putConsul('consul-debian', '1.8.7')
    const { url, close } = await portThat(answers)
    const began = performance.now()

    const found = await find(url)

    expect(found).toMatchObject({ version: '1.8.7', origin: "from Debian's archive" })
    expect(performance.now() - began).toBeLessThan(2_500)
    expect(notes).toEqual([
      expect.stringMatching(/^running Consul 1\.8\.7 of Debian: 1\.20\.1 cannot be fetched \(/),
    ])
    close()
  },
)

it('names what to do when there is no other', async () => {
  const { url } = await portThat('refuses')

  await expect(find(url)).rejects.toThrow(/ECONNREFUSED.*put `consul` on PATH/)
})
