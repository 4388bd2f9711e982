import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The folder `name` in the cache, filled by `fill` when it is not there.
 *
 * It appears whole or not at all: an interrupted fetch leaves nothing that a later start would trust, and of two
 * clones that fetch at once one keeps its work.
 */
export async function cached(
  cacheDir: string,
  name: string,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cacheDir, name)
  if (existsSync(folder)) return folder
  mkdirSync(cacheDir, { recursive: true })
  const part = mkdtempSync(join(cacheDir, `${name}.part-`))
  try {
    await fill(part)
    renameSync(part, folder)
  } catch (error) {
    rmSync(part, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}
