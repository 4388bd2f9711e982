import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createConsulClient } from '@lepton/common/mesh/consul'
import { CannotStart } from '../cannot-start.ts'
import { LOCK_FILE } from '../lock.ts'
import { readJson, type State } from '../state.ts'
import { copyFile, forEachOf, makeFolders } from './copy.ts'
import { type Backup, readBackup } from './manifest.ts'

/** In the state directory from the first file until the log has been queued: without it, half a restore would look whole. */
const UNFINISHED = 'restoring.json'
/** What may be there before: the card processor keeps its own books, which no backup of ours brings back. */
const ALLOWED = [LOCK_FILE, 'pids', 'ports.json', 'logs', 'instances', UNFINISHED]
const PROCESSOR = /^psp-\d+$/
const REMADE = ['postgres', 'postgres-is-elsewhere', 'kafka', 'consul', 'secrets']

export interface Restore {
  backup: Backup
  /** Copies the databases into a folder that is not there yet. */
  copyDatabases(folder: string): Promise<void>
  /** Called before the first instance starts: from then on this shop is the shop. */
  finish(): void
}

/**
 * Brings the secrets of a backup into an empty state directory; the databases follow when PostgreSQL is prepared. It
 * may be killed anywhere: the same call begins again.
 *
 * @throws CannotStart where the directory holds a shop, or the backup is damaged
 */
export async function beginRestore(state: State, dir: string): Promise<Restore> {
  const backup = readBackup(dir)
  checkTarget(state.dir)
  writeFileSync(join(state.dir, UNFINISHED), `${JSON.stringify({ backup: dir })}\n`, { flush: true })
  for (const name of REMADE) rmSync(join(state.dir, name), { recursive: true, force: true })
  await copyPart(backup, 'secrets', join(state.dir, 'secrets'))
  return {
    backup,
    copyDatabases: (folder) => copyPart(backup, 'postgres', folder),
    finish: () => rmSync(join(state.dir, UNFINISHED)),
  }
}

/** @throws CannotStart where an earlier restore has not come to its end */
export function refuseHalfRestored(stateDir: string): void {
  if (!existsSync(join(stateDir, UNFINISHED))) return
  const { backup } = readJson(join(stateDir, UNFINISHED)) as { backup?: string }
  throw new CannotStart(
    `The restore into ${stateDir} was interrupted: start again with --restore ${backup}, or with --fresh for an empty shop.`,
  )
}

function checkTarget(stateDir: string): void {
  if (existsSync(join(stateDir, UNFINISHED))) return
  const instances = join(stateDir, 'instances')
  const found = [
    ...readdirSync(stateDir).filter((name) => !ALLOWED.includes(name)),
    ...(existsSync(instances) ? readdirSync(instances).filter((name) => !PROCESSOR.test(name)) : []),
  ]
  if (found.length === 0) return
  throw new CannotStart(
    `${stateDir} holds a shop (${found.sort().join(', ')}). --restore wants an empty state directory; only instances/psp-1, ` +
      'the books of the card processor, may be in it. Name another with --state-dir, or move this one away.',
  )
}

async function copyPart({ dir, manifest, files }: Backup, part: string, target: string): Promise<void> {
  const inside = (path: string) => path === part || path.startsWith(`${part}/`)
  makeFolders(
    target,
    manifest.folders.filter(inside).map((path) => path.slice(part.length)),
  )
  await forEachOf(
    [...files].filter(([path]) => inside(path)),
    async ([path, wanted]) => {
      const { sha256 } = await copyFile(join(dir, path), join(target, path.slice(part.length))).catch(
        (error: unknown) => {
          throw new CannotStart(`${join(dir, path)} cannot be copied: ${(error as Error).message}`)
        },
      )
      if (sha256 !== wanted)
        throw new CannotStart(`${join(dir, path)} is damaged: it is not what was backed up.`)
    },
  )
}

/** Writes the settings of the mesh into a Consul that has none. */
export async function writeSettings(
  access: { address: string; token: string },
  config: Backup['config'],
): Promise<void> {
  const consul = createConsulClient(access)
  try {
    for (const { key, value } of config) await consul.writeKey(key, value, 0)
  } finally {
    await consul.close()
  }
}
