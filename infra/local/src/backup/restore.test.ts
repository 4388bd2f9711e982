import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { openState, type State } from '../state.ts'
import { asLines, FILES, MANIFEST } from './manifest.ts'
import { beginRestore, refuseHalfRestored } from './restore.ts'
import { takeBackup } from './take.ts'

const CONTENT = { 'postgres/PG_VERSION': '18\n', 'postgres/base/1/2': 'rows', 'secrets/a.secret': 'secret' }
const FOLDERS = ['postgres', 'postgres/base', 'postgres/base/1', 'postgres/pg_notify', 'secrets']

let folder: string
let backup: string
let target: string
let state: State

function writeBackup(content: Record<string, string>): void {
  const files = new Map<string, string>()
  for (const [path, text] of Object.entries(content)) {
    mkdirSync(dirname(join(backup, path)), { recursive: true })
    writeFileSync(join(backup, path), text)
    files.set(path, createHash('sha256').update(text).digest('hex'))
  }
  writeFileSync(join(backup, FILES), asLines(files))
  writeFileSync(join(backup, 'config.json'), '[]')
  writeFileSync(join(backup, MANIFEST), JSON.stringify({ format: 1, folders: FOLDERS }))
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lepton-restore-'))
  backup = join(folder, 'backup')
  target = join(folder, 'shop')
  mkdirSync(backup)
  writeBackup(CONTENT)
  state = await openState(target)
})
afterEach(() => {
  state.release()
  rmSync(folder, { recursive: true })
})

describe('a restore', () => {
  it('brings files and empty folders back, and leaves the books of the card processor', async () => {
    const ledger = join(target, 'instances', 'psp-1', 'ledger.sqlite')
    mkdirSync(dirname(ledger), { recursive: true })
    writeFileSync(ledger, 'books')

    const restore = await beginRestore(state, backup)
    const data = join(target, 'data')
    await restore.copyDatabases(data)
    restore.finish()

    expect(readFileSync(join(target, 'secrets', 'a.secret'), 'utf8')).toBe('secret')
    expect(readFileSync(join(data, 'base', '1', '2'), 'utf8')).toBe('rows')
    expect(existsSync(join(data, 'pg_notify'))).toBe(true)
    expect(readFileSync(ledger, 'utf8')).toBe('books')
    expect(() => refuseHalfRestored(target)).not.toThrow()
  })

  it.each(['secrets', 'postgres', 'instances/order-1', 'kafka'])(
    'is refused where there is a shop: %s',
    async (path) => {
      mkdirSync(join(target, path), { recursive: true })
      writeFileSync(join(target, path, 'mine'), 'kept')

      await expect(beginRestore(state, backup)).rejects.toThrow(/holds a shop/)

      expect(readFileSync(join(target, path, 'mine'), 'utf8')).toBe('kept')
      expect(existsSync(join(target, 'restoring.json'))).toBe(false)
    },
  )

  it('that was killed is not taken for a shop, and begins again', async () => {
    const killed = await beginRestore(state, backup)
    await killed.copyDatabases(join(target, 'postgres', 'data.part'))
    writeFileSync(join(target, 'secrets', 'a.secret'), 'half')

    expect(() => refuseHalfRestored(target)).toThrow(`--restore ${backup}`)
    const again = await beginRestore(state, backup)
    await again.copyDatabases(join(target, 'postgres', 'data.part'))
    again.finish()

    expect(readFileSync(join(target, 'secrets', 'a.secret'), 'utf8')).toBe('secret')
  })

  it('notices a file that was changed or lost after the backup', async () => {
    writeFileSync(join(backup, 'secrets', 'a.secret'), 'other!')
    await expect(beginRestore(state, backup)).rejects.toThrow(/a\.secret is damaged/)
    rmSync(join(backup, 'secrets', 'a.secret'))
    await expect(beginRestore(state, backup)).rejects.toThrow(/a\.secret cannot be copied/)
    expect(() => refuseHalfRestored(target)).toThrow(/interrupted/)
  })

  it('reads no folder without a manifest, of another format, or with files of elsewhere', async () => {
    writeBackup({ ...CONTENT, 'secrets/../../b': 'b' })
    await expect(beginRestore(state, backup)).rejects.toThrow(/names the file secrets\/\.\.\/\.\.\/b/)
    writeFileSync(join(backup, MANIFEST), JSON.stringify({ format: 2 }))
    await expect(beginRestore(state, backup)).rejects.toThrow(/format 2/)
    rmSync(join(backup, MANIFEST))
    await expect(beginRestore(state, backup)).rejects.toThrow(/was not finished/)
  })
})

describe('a backup', () => {
  const source = { postgresUrl: 'postgres://admin@127.0.0.1:1/postgres', secretsDir: '', config: [] }

  it('is not there when the server does not answer, nor is a part of it', async () => {
    const dir = join(folder, 'new')
    await expect(takeBackup(dir, source, () => undefined)).rejects.toThrow(/There is no backup/)
    expect(existsSync(dir)).toBe(false)
    expect(existsSync(`${dir}.${process.pid}.part`)).toBe(false)
  })

  it('never writes over another', async () => {
    await expect(takeBackup(backup, source, () => undefined)).rejects.toThrow(/is not empty/)
  })
})
