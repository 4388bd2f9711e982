import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { CannotStart } from './cannot-start.ts'
import { acquireLock, LOCK_FILE } from './lock.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lepton-lock-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

it('admits one launcher at a time', () => {
  const release = acquireLock(dir)

  expect(() => acquireLock(dir)).toThrow(CannotStart)
  release()
  acquireLock(dir)()
})

it.each([
  ['of a process that is gone', '4194304 1\n'],
  ['of a process whose number another one got', `${process.pid} 1\n`],
  ['without sense', 'x'],
  ['without content', ''],
])('takes over a lock %s', (_, content) => {
  writeFileSync(join(dir, LOCK_FILE), content)
  const release = acquireLock(dir)

  expect(readFileSync(join(dir, LOCK_FILE), 'utf8')).toMatch(new RegExp(`^${process.pid} `))
  release()
})
