import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { once, PUBLIC, writeWhole } from './files.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lepton-files-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

it('keeps a secret to its owner when it is made and when it is replaced', () => {
  const file = join(folder, 'psp.secret')
  once(file, () => 'old')
  writeWhole(file, 'new\n')
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

it('lets everybody read what is public', () => {
  const file = join(folder, 'jwks.json')
  writeWhole(file, '{}', PUBLIC)
  expect(statSync(file).mode & 0o044).toBe(0o044)
})
