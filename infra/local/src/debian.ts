import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findOnPath, runOrThrow, type RunOptions } from './command.ts'
import { toolEnvironment } from './config.ts'

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
const FETCH_TIMEOUT_MS = 180_000

export interface DebianPackages {
  /** `bullseye`, or `sid` for the newest. */
  suite: string
  packages: readonly string[]
  signal: AbortSignal
}

export function canUnpackFromDebian(path: string): boolean {
  return existsSync(KEYRING) && ['apt-get', 'dpkg-deb'].every((tool) => findOnPath(tool, path) !== undefined)
}

/**
 * Unpacks packages of any suite below `root`, and installs nothing: apt-get runs on a state of its own, so that the
 * machine's package lists and packages stay as they are, and root is not needed.
 */
export async function unpackFromDebian(
  root: string,
  { suite, packages, signal }: DebianPackages,
): Promise<void> {
  const apt = `${root}.apt`
  for (const name of ['lists/partial', 'cache/archives/partial', 'parts']) {
    mkdirSync(join(apt, name), { recursive: true })
  }
  const options = { timeoutMs: FETCH_TIMEOUT_MS, signal, cwd: apt, env: toolEnvironment({ LC_ALL: 'C' }) }
  const mirror = await debianMirror(options)
  writeFileSync(join(apt, 'status'), '')
  writeFileSync(join(apt, 'sources.list'), `deb [signed-by=${KEYRING}] ${mirror} ${suite} main\n`)
  const settings = {
    'Dir::Etc::SourceList': join(apt, 'sources.list'),
    'Dir::Etc::SourceParts': join(apt, 'parts'),
    'Dir::State::Lists': join(apt, 'lists'),
    'Dir::State::Status': join(apt, 'status'),
    'Dir::Cache': join(apt, 'cache'),
    'Debug::NoLocking': '1',
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
  }
  const aptGet = [
    'apt-get',
    '-qq',
    ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
  ]
  await runOrThrow([...aptGet, 'update'], options)
  await runOrThrow([...aptGet, 'download', ...packages], options)
  const archives = readdirSync(apt).filter((name) => name.endsWith('.deb'))
  if (archives.length < packages.length) throw new Error('apt-get fetched no package')
  for (const archive of archives) await runOrThrow(['dpkg-deb', '-x', join(apt, archive), root], options)
  rmSync(apt, { recursive: true })
}

/** The mirror this machine itself is set up with. */
async function debianMirror(options: RunOptions): Promise<string> {
  const output = await runOrThrow(['apt-get', 'indextargets', '--format', '$(REPO_URI)'], options)
  const mirror = output.split('\n').find((line) => /\/debian\/?$/.test(line.trim()))
  if (mirror === undefined) throw new Error("this machine's apt sources name no Debian archive")
  return mirror.trim()
}
