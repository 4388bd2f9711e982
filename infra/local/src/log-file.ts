import { copyFileSync, openSync, readFileSync, readdirSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'

/** A file that a child appends to by itself, so that its log costs the launcher nothing and outlives it. */
export function openLog(file: string): number {
  return openSync(file, 'a', 0o600)
}

/**
 * Keeps every log below twice `maxBytes`: a longer one is copied to `<name>.1`, replacing the last copy, and emptied. One
 * that cannot be copied, as on a full disk, stays as it is until the next time.
 */
export function rotateLogs(folder: string, maxBytes: number): void {
  for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.log'))) {
    const file = join(folder, name)
    if (statSync(file).size <= maxBytes) continue
    try {
      copyFileSync(file, `${file}.1`)
      truncateSync(file)
    } catch {
      continue
    }
  }
}

export function lastLines(file: string, count: number): string[] {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count)
  } catch {
    return []
  }
}
