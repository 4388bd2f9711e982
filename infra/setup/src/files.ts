import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'

/** The content of `file`, made by `create` when there is no such file; whole, or not there at all. */
export function once(file: string, create: () => string, mode = 0o600): string {
  if (!existsSync(file)) {
    const part = `${file}.${process.pid}.part`
    writeFileSync(part, `${create()}\n`, { mode })
    try {
      linkSync(part, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      unlinkSync(part)
    }
  }
  return readFileSync(file, 'utf8').trim()
}

/** For what everybody may read, such as public keys. */
export const PUBLIC = 0o666

/** Replaces a file as a whole: who reads it reads the old content or the new one. */
export function writeWhole(file: string, content: string, mode = 0o600): void {
  writeFileSync(`${file}.part`, content, { mode })
  renameSync(`${file}.part`, file)
}

export function randomSecret(): string {
  return randomBytes(24).toString('base64url')
}
