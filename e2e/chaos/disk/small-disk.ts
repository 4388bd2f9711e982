import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const SIZE_MB = 400
const PIECES = [1_048_576, 4_096].map((bytes) => Buffer.alloc(bytes, 1))

/** A file system of its own that a file can fill to the last page. */
export interface SmallDisk {
  folder: string
  /** Takes whatever is left, as often as it is called. */
  fill(): void
  empty(): void
  unmount(): void
}

/** Mounts one in memory; gives the reason instead where mounting is not allowed. */
export function mountSmallDisk(folder: string): SmallDisk | string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m,mode=700`, 'lepton-chaos', folder], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  } catch (error) {
    return String((error as { stderr?: Buffer }).stderr ?? error).trim()
  }
  const filler = join(folder, 'filler')
  return {
    folder,
    fill: () => {
      const file = openSync(filler, 'a')
      for (const piece of PIECES) while (isWritten(file, piece));
      closeSync(file)
    },
    empty: () => rmSync(filler, { force: true }),
    unmount: () => void execFileSync('umount', ['--lazy', folder]),
  }
}

function isWritten(file: number, piece: Buffer): boolean {
  try {
    return writeSync(file, piece) === piece.length
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false
    throw error
  }
}
