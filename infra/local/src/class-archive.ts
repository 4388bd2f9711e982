import { createHash } from 'node:crypto'
import { existsSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

export interface ClassArchive {
  /** For Java's command line. */
  flags: string[]
  /** To be called when that Java has ended: in order, or by force. */
  ended(inOrder: boolean): void
}

/**
 * The classes of a server, parsed and checked, as a file that Java maps into memory (AppCDS): a third less CPU for its start.
 *
 * Where there is none in the cache, Java writes one as it ends, once for all shops of a machine. It looks by itself whether an
 * archive is of its own version and of these jars, and does without it otherwise.
 */
export function classArchive(cacheDir: string, java: string, classPath: string): ClassArchive {
  const file = join(cacheDir, `kafka-classes-${versionOf(java, classPath)}.jsa`)
  if (existsSync(file)) return { flags: [`-XX:SharedArchiveFile=${file}`], ended: () => undefined }
  const part = `${file}.part-${process.pid}`
  return {
    flags: [`-XX:ArchiveClassesAtExit=${part}`],
    ended(inOrder) {
      // What was cut off looks like an archive.
      if (!inOrder) rmSync(part, { force: true })
      else if (existsSync(part)) renameSync(part, file)
    },
  }
}

/** Another Java in the same place is another one. */
function versionOf(java: string, classPath: string): string {
  const binary = realpathSync(java)
  const parts = [binary, statSync(binary).mtimeMs, classPath]
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12)
}
