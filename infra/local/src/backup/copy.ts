import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

const FILES_AT_ONCE = 16

export interface Copied {
  bytes: number
  sha256: string
}

/** Copies a file onto the disk, not only into the system's memory. */
export async function copyFile(from: string, to: string): Promise<Copied> {
  const hash = createHash('sha256')
  let bytes = 0
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      bytes += chunk.length
      done(null, chunk)
    },
  })
  const target = createWriteStream(to, { mode: 0o600, flush: true, flags: 'wx' })
  await pipeline(createReadStream(from), count, target)
  return { bytes, sha256: hash.digest('hex') }
}

/** A few at once, the rest after them. */
export async function forEachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values()
  const worker = async () => {
    for (const item of left) await work(item)
  }
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, worker))
}

export interface Tree {
  folders: string[]
  files: string[]
}

/** What is below a folder, by path from it, without what `isWanted` refuses. */
export async function listTree(root: string, isWanted: (path: string) => boolean): Promise<Tree> {
  const tree: Tree = { folders: [''], files: [] }
  for (const folder of tree.folders) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (!isWanted(path)) continue
      if (entry.isDirectory()) tree.folders.push(path)
      else if (entry.isFile()) tree.files.push(path)
    }
  }
  return tree
}

export function makeFolders(root: string, folders: readonly string[]): void {
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true, mode: 0o700 })
}
