import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beginBaseBackup } from '@lepton/setup/base-backup'
import { CannotStart } from '../cannot-start.ts'
import { seconds } from '../progress.ts'
import { copyFile, forEachOf, listTree, makeFolders, type Tree } from './copy.ts'
import { asLines, type Backup, CONFIG, FILES, FORMAT, MANIFEST, type Manifest } from './manifest.ts'

const CONTROL_FILE = 'global/pg_control'
/** Of a process that runs, made again at each start, or copied last. */
const NOT_COPIED =
  /^(postmaster\.(pid|opts)|backup_label(\.old)?|global\/pg_control)$|(^|\/)(pgsql_tmp|pg_internal\.init)/
/** Folders that belong into the copy empty; the WAL is copied last. */
const KEPT_EMPTY =
  /^(pg_wal|pg_replslot|pg_dynshmem|pg_notify|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans)\//
const WAL_FILE = /^[0-9A-F]{24}$/
/** For secrets, and for the WAL that is written while the databases are copied. */
const SPARE_BYTES = 200_000_000

export interface Source {
  postgresUrl: string
  secretsDir: string
  config: Backup['config']
}

type Print = (line: string) => void

/**
 * Copies a shop while it sells into a folder that is not there yet: aside, and renamed when it is whole.
 *
 * @throws CannotStart that says what is in the way
 */
export async function takeBackup(dir: string, source: Source, print: Print): Promise<Manifest> {
  if (existsSync(dir) && readdirSync(dir).length > 0) {
    throw new CannotStart(`${dir} is not empty: name a folder that is not there yet.`)
  }
  const began = performance.now()
  const part = `${dir}.${process.pid}.part`
  mkdirSync(dirname(dir), { recursive: true })
  mkdirSync(part, { mode: 0o700 })
  try {
    const manifest = await copyShop(part, source, print)
    renameSync(part, dir)
    print(`${megabytes(manifest.bytes)} are in ${dir} after ${seconds(performance.now() - began)}`)
    print(`it is the shop as of ${manifest.cut_at} with its secrets: keep it as safe as those`)
    return manifest
  } catch (error) {
    rmSync(part, { recursive: true, force: true })
    if (error instanceof CannotStart) throw error
    throw new CannotStart(`There is no backup, and the shop is as it was: ${(error as Error).message}`)
  }
}

async function copyShop(part: string, source: Source, print: Print): Promise<Manifest> {
  const taken_at = new Date().toISOString()
  const copies = createCopies(part)
  const { major, cutAt } = await copyPostgres(copies, source.postgresUrl, part, print)
  print('secrets, and the settings of the mesh')
  await copies.addTree(
    source.secretsDir,
    'secrets',
    await listTree(source.secretsDir, (path) => !path.endsWith('.part')),
  )
  const { files, folders, bytes } = copies.list()
  const manifest: Manifest = {
    format: FORMAT,
    taken_at,
    cut_at: cutAt.toISOString(),
    postgres_major: major,
    bytes,
    folders,
  }
  const write = (name: string, text: string) =>
    writeFileSync(join(part, name), text, { mode: 0o600, flush: true })
  write(CONFIG, `${JSON.stringify(source.config, null, 2)}\n`)
  write(FILES, asLines(files))
  write(MANIFEST, `${JSON.stringify(manifest, null, 2)}\n`)
  return manifest
}

async function copyPostgres(copies: Copies, url: string, part: string, print: Print) {
  const server = await beginBaseBackup(url)
  try {
    checkRoom(part, server.bytes)
    print(`PostgreSQL ${server.major}, ${megabytes(server.bytes)}, copied while it works`)
    const { dataDir } = server
    const isWanted = (path: string) => !NOT_COPIED.test(path) && !KEPT_EMPTY.test(path)
    await copies.addTree(dataDir, 'postgres', await listTree(dataDir, isWanted))
    // After all others: it says how far the server is.
    await copies.add(dataDir, 'postgres', [CONTROL_FILE])
    const { label, firstWal, lastWal, cutAt } = await server.end()
    const isNeeded = (name: string) => WAL_FILE.test(name) && name >= firstWal && name <= lastWal
    const wal = readdirSync(join(dataDir, 'pg_wal')).filter(isNeeded)
    if (!wal.includes(lastWal)) throw new Error(`the WAL has no file ${lastWal}`)
    await copies.add(join(dataDir, 'pg_wal'), 'postgres/pg_wal', wal)
    writeFileSync(join(part, 'backup_label'), label)
    await copies.add(part, 'postgres', ['backup_label'])
    rmSync(join(part, 'backup_label'))
    return { major: server.major, cutAt }
  } finally {
    await server.close().catch(() => undefined)
  }
}

type Copies = ReturnType<typeof createCopies>

/** Copies into the backup, and remembers what it copied. */
function createCopies(part: string) {
  const files = new Map<string, string>()
  const folders: string[] = []
  let bytes = 0

  async function add(from: string, to: string, paths: readonly string[]): Promise<void> {
    await forEachOf(paths, async (path) => {
      const copied = await copyFile(join(from, path), join(part, to, path)).catch(unlessRemoved)
      if (copied === undefined) return
      files.set(join(to, path), copied.sha256)
      bytes += copied.bytes
    })
  }

  async function addTree(from: string, to: string, tree: Tree): Promise<void> {
    makeFolders(join(part, to), tree.folders)
    folders.push(...tree.folders.map((path) => join(to, path)))
    await add(from, to, tree.files)
  }

  return { add, addTree, list: () => ({ files, folders, bytes }) }
}

/** The server removes tables while it works: the WAL knows. */
function unlessRemoved(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' || error.syscall !== 'open') throw error
}

function checkRoom(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder)
  const [free, needed] = [bavail * bsize, bytes + SPARE_BYTES]
  if (free >= needed) return
  throw new CannotStart(
    `${dirname(folder)} has ${megabytes(free)} free, and ${megabytes(needed)} are needed.`,
  )
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`
}
