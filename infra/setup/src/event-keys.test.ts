import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { createKeySet } from '@lepton/events/signatures/key-set'
import { createEventSigner } from '@lepton/events/signatures/signer'
import { createEventVerifier } from '@lepton/events/signatures/verifier'
import { createEventKeys } from './event-keys.ts'
import { DATABASE_OWNERS } from './services.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lepton-event-keys-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const read = (file: string) => readFileSync(file, 'utf8')
const record = { topic: 'order.v1', key: 'k', value: '{}', headers: { ce_id: '1' } }

function sign(privateKey: string) {
  const [signed] = createEventSigner(privateKey).sign([record])
  return { ...signed!, value: Buffer.from(signed!.value) }
}

it('gives each owner of a database a key, and publishes nothing private', () => {
  const { eventKeyFiles, eventKeysFile } = createEventKeys(dir)

  const { keys } = JSON.parse(read(eventKeysFile)) as { keys: { owner: string; d?: string }[] }
  expect(keys.map(({ owner }) => owner)).toEqual(DATABASE_OWNERS)
  expect(keys.some(({ d }) => d !== undefined)).toBe(false)
  for (const file of Object.values(eventKeyFiles)) expect(statSync(file).mode & 0o777).toBe(0o600)
})

it('keeps a replaced key among the public ones, and a process that runs reads the new one', () => {
  const { eventKeyFiles, eventKeysFile } = createEventKeys(dir)
  const before = sign(read(eventKeyFiles.order))
  const verifier = createEventVerifier({ keys: createKeySet(eventKeysFile), ownerOf: () => 'order' })
  expect(verifier.distrust('order.v1', before)).toBeUndefined()

  rmSync(eventKeyFiles.order)
  createEventKeys(dir)
  const after = sign(read(eventKeyFiles.order))

  expect(after.headers['lepton-signature']).not.toBe(before.headers['lepton-signature'])
  expect(verifier.distrust('order.v1', after)).toBeUndefined()
  expect(verifier.distrust('order.v1', before)).toBeUndefined()
})
