import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CannotStart } from './cannot-start.ts'
import { startedAt } from './process-info.ts'

export const LOCK_FILE = 'lock'

const MAX_TRIES = 10

/**
 * Makes this process the only launcher of a state directory; the result gives it back.
 *
 * The lock names a process and when it started, so that it ends with its holder even when the number is used again.
 */
export function acquireLock(dir: string): () => void {
  const file = join(dir, LOCK_FILE)
  const mine = `${process.pid} ${startedAt(process.pid)}\n`
  const part = `${file}.${process.pid}`
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    writeFileSync(part, mine)
    try {
      linkSync(part, file)
      return () => {
        if (read(file) === mine) rmSync(file, { force: true })
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      unlinkSync(part)
    }
    const holder = read(file)
    const pid = livingPid(holder)
    if (pid !== undefined) {
      throw new CannotStart(
        `A shop already runs on ${dir} (process ${pid}). \`npm run shop ps\` shows it, \`npm run shop stop\` stops it.`,
      )
    }
    removeStale(file, holder)
  }
  throw new CannotStart(`${file} changes all the time: several launchers start at once. Start one.`)
}

/** The process of the launcher that has the state directory, if one runs. */
export function lockHolder(dir: string): number | undefined {
  return livingPid(read(join(dir, LOCK_FILE)))
}

function livingPid(holder: string): number | undefined {
  const [pid, started] = holder.trim().split(' ')
  const isHeld = pid !== undefined && started !== undefined && startedAt(Number(pid)) === started
  return isHeld ? Number(pid) : undefined
}

/** Removes the lock only if it still is the stale one: another launcher may have replaced it. */
function removeStale(file: string, stale: string) {
  const aside = `${file}.stale.${process.pid}`
  try {
    renameSync(file, aside)
    if (read(aside) !== stale) linkSync(aside, file)
    unlinkSync(aside)
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
