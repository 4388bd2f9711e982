import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'

/** What a process knew last, for its next start. It is a help, never a need. */
export interface KeptFile<T> {
  /** What was kept last; undefined where it is older, or cannot be read. */
  load(maxAgeMs: number): Promise<T | undefined>
  keep(value: T): void
  /** Settles when all is written that was to be kept. */
  settled(): Promise<void>
}

export interface KeptFileOptions<T> {
  path: string
  schema: z.ZodType<T>
  onError: (error: unknown) => void
  /** Who may read it; by default as the process's umask says. */
  mode?: number
  /** Steady ms. */
  now: () => number
  /** What the file says: it is read by a process that starts later. */
  date: () => Date
}

/** What does not change is written again this often: its age counts from when it was last true. */
const CONFIRM_EVERY_MS = 3_600_000
const Stamp = z.object({ saved_at: z.iso.datetime() })

export function createKeptFile<T extends object>({
  path,
  schema,
  onError,
  mode,
  now,
  date,
}: KeptFileOptions<T>): KeptFile<T> {
  let writing: Promise<void> = Promise.resolve()
  let kept = ''
  let keptAtMs = Number.NEGATIVE_INFINITY

  return {
    async load(maxAgeMs) {
      const content = jsonOrUndefined(await readFile(path, 'utf8').catch(() => ''))
      const stamp = Stamp.safeParse(content).data
      if (stamp === undefined || date().getTime() - Date.parse(stamp.saved_at) > maxAgeMs) return undefined
      return schema.safeParse(content).data
    },
    keep(value) {
      const content = JSON.stringify(value)
      if (content === kept && now() - keptAtMs < CONFIRM_EVERY_MS) return
      kept = content
      keptAtMs = now()
      const text = JSON.stringify({ saved_at: date().toISOString(), ...value })
      writing = writing.then(() => replaceFile(path, text, mode)).catch(onError)
    },
    settled: () => writing,
  }
}

/** In one step: a reader, or a crash, sees the old file or the new one. */
async function replaceFile(path: string, text: string, mode = 0o666): Promise<void> {
  const draft = `${path}.${randomUUID()}.tmp`
  await mkdir(dirname(path), { recursive: true })
  try {
    await writeFile(draft, text, { mode })
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
