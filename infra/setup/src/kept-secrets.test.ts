import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from '@jest/globals'
import { ALL_SERVICES } from '@lepton/contracts/services'
import { ALL_SECRETS, keepSecrets } from './kept-secrets.ts'
import type { KubernetesSecrets } from './kubernetes-api.ts'

const folders: string[] = []
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })))

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lepton-kept-'))
  folders.push(folder)
  return folder
}

function createFake() {
  const kept = new Map<string, { files: Record<string, string>; version: string }>()
  let writes = 0
  const kubernetes: KubernetesSecrets = {
    read: (name) => Promise.resolve(structuredClone(kept.get(name))),
    write: (name, files, version) => {
      if (kept.get(name)?.version !== version) return Promise.resolve(false)
      kept.set(name, { files, version: String(++writes) })
      return Promise.resolve(true)
    },
  }
  return { kubernetes, kept, filesOf: (name: string) => kept.get(name)!.files, writes: () => writes }
}

it('gives each process a Secret with its share, and changes nothing the second time', async () => {
  const { kubernetes, kept, filesOf, writes } = createFake()
  await keepSecrets(kubernetes, newFolder())
  const before = structuredClone([...kept])

  expect([...kept.keys()].sort()).toEqual(
    [ALL_SECRETS, ...[...ALL_SERVICES, 'consul', 'kafka', 'postgres'].map((name) => `lepton-${name}`)].sort(),
  )
  expect(filesOf('lepton-psp')['psp.secret']).toBe(filesOf(ALL_SECRETS)['psp.secret'])
  expect(Object.keys(filesOf('lepton-order'))).not.toContain('psp.secret')
  const written = writes()

  await keepSecrets(kubernetes, newFolder())
  expect([...kept]).toEqual(before)
  expect(writes()).toBe(written)
})

it('puts back a share that was deleted or changed, with the secrets that are kept', async () => {
  const { kubernetes, kept, filesOf } = createFake()
  await keepSecrets(kubernetes, newFolder())
  const order = filesOf('lepton-order')
  kept.delete('lepton-order')
  kept.get('lepton-cart')!.files = {}

  await keepSecrets(kubernetes, newFolder())
  expect(filesOf('lepton-order')).toEqual(order)
  expect(Object.keys(filesOf('lepton-cart'))).toContain('database.secret')
})

it('ends with one set of secrets where two run at once', async () => {
  const { kubernetes, filesOf } = createFake()
  await Promise.all([keepSecrets(kubernetes, newFolder()), keepSecrets(kubernetes, newFolder())])

  const all = filesOf(ALL_SECRETS)
  expect(filesOf('lepton-order')['database.secret']).toBe(all['database-order.secret'])
  expect(filesOf('lepton-consul')['management.secret']).toBe(all['consul-management.secret']?.trim())
  expect(filesOf('lepton-kafka')['setup.secret']).toBe(all['kafka-setup.secret'])
})
