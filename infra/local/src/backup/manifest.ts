import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CannotStart } from '../cannot-start.ts'
import { readJson } from '../state.ts'

/** Of the folder; a launcher refuses a format that it does not know. */
export const FORMAT = 1
export const MANIFEST = 'manifest.json'
/** In the form of `sha256sum`, which can check it. */
export const FILES = 'files.sha256'
export const CONFIG = 'config.json'

/** Written last: a folder without it is no backup. */
export interface Manifest {
  format: number
  taken_at: string
  /** Everything that was committed by then is in it, and nothing else, in all databases. */
  cut_at: string
  postgres_major: number
  bytes: number
  /** Also those without files, which PostgreSQL wants to find. */
  folders: string[]
}

export interface Backup {
  dir: string
  manifest: Manifest
  /** SHA-256 by path. */
  files: ReadonlyMap<string, string>
  /** The settings of the mesh. */
  config: readonly { key: string; value: string }[]
}

/** @throws CannotStart where the folder is no whole backup that this launcher can read */
export function readBackup(dir: string): Backup {
  if (!existsSync(join(dir, MANIFEST))) {
    throw new CannotStart(`${dir} holds no backup, or one that was not finished: ${MANIFEST} is missing.`)
  }
  const manifest = readJson(join(dir, MANIFEST)) as Manifest
  if (manifest.format !== FORMAT) {
    throw new CannotStart(`${dir} has the format ${manifest.format}, and this release reads ${FORMAT}.`)
  }
  const lines = readFileSync(join(dir, FILES), 'utf8').trimEnd().split('\n')
  const files = new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]))
  const outside = [...files.keys(), ...manifest.folders].find(
    (path) => !/^(postgres|secrets)(\/|$)/.test(path),
  )
  const climbing = [...files.keys(), ...manifest.folders].find((path) => path.split('/').includes('..'))
  const odd = outside ?? climbing
  if (odd !== undefined) throw new CannotStart(`${dir} is no backup of a shop: it names the file ${odd}.`)
  return { dir, manifest, files, config: readJson(join(dir, CONFIG)) as Backup['config'] }
}

export function asLines(files: ReadonlyMap<string, string>): string {
  return [...files].map(([path, sha256]) => `${sha256}  ${path}\n`).join('')
}
