import { join } from 'node:path'
import { cached } from '@lepton/local/cache'
import { CannotStart } from '@lepton/local/cannot-start'
import { findOnPath, isExecutable, run, runOrThrow } from '@lepton/local/command'
import { toolEnvironment } from '@lepton/local/config'
import { findConsul } from '@lepton/local/consul-source'
import { unpackFromDebian } from '@lepton/local/debian'
import { findJava } from '@lepton/local/java'
import { findKafka } from '@lepton/local/kafka-source'
import { disguise, findPostgres } from '@lepton/local/postgres'
import type { Finding } from '@lepton/local/server'

const PATRONI = '4.1.5'
const PIP_TIMEOUT_MS = 300_000
const PYTHON_TIMEOUT_MS = 20_000
/** Of PostgreSQL, besides the server: a standby is copied from the primary, or put back to where they parted. */
const FOR_STANDBYS = ['postgres', 'initdb', 'pg_basebackup', 'pg_rewind', 'pg_controldata']

/** What the servers are made of. */
export interface ServerTools {
  consul: { file: string; version: string }
  java: string
  kafkaClassPath: string
  postgres: { folder: string }
  /** Patroni, its modules being in a folder of their own. */
  patroni: { python: string; modules: string }
  haproxy: { file: string; libraries: string | undefined }
  /** PostgreSQL refuses root. */
  disguise: readonly string[]
}

/** As installed, from the cache, or fetched: Patroni from PyPI, HAProxy from Debian's archive, the rest as the launcher does. */
export async function findServerTools(finding: Finding): Promise<ServerTools> {
  const consul = await findConsul(finding)
  const java = await findJava(finding)
  const { classPath } = await findKafka(java, finding)
  const unprivileged = await disguise()
  if (unprivileged === undefined)
    throw new CannotStart('PostgreSQL refuses root, and namespaces of users are forbidden here.')
  return {
    consul,
    java,
    kafkaClassPath: classPath,
    postgres: { folder: await wholePostgres(finding.config.path) },
    patroni: await findPatroni(finding),
    haproxy: await findHaproxy(finding),
    disguise: unprivileged,
  }
}

async function wholePostgres(path: string): Promise<string> {
  const found = await findPostgres(path)
  const whole = found.find(({ folder }) => FOR_STANDBYS.every((name) => isExecutable(join(folder, name))))
  if (whole !== undefined) return whole.folder
  throw new CannotStart(
    `Failover needs ${FOR_STANDBYS.join(', ')} of PostgreSQL: install it (\`apt-get install postgresql\`).`,
  )
}

/** Not a virtual environment, whose programs name the folder that they were made in. */
async function findPatroni({ config, note, signal }: Finding): Promise<ServerTools['patroni']> {
  const python = findOnPath('python3', config.path)
  if (python === undefined) throw new CannotStart('Patroni needs `python3` with pip on PATH.')
  const options = { signal, env: toolEnvironment() }
  const asked = [python, '-c', 'import sys; print("%d.%d" % sys.version_info[:2])']
  const { output } = await run(asked, { ...options, timeoutMs: PYTHON_TIMEOUT_MS })
  const name = `patroni-${PATRONI}-python${output.trim()}`
  const modules = await cached(config.cacheDir, name, async (folder) => {
    note(`fetching Patroni ${PATRONI} with pip (12 MB)`)
    const packages = [`patroni[consul,psycopg3]==${PATRONI}`, 'psycopg[binary]']
    const install = [python, '-m', 'pip', 'install', '--quiet', '--target', folder, ...packages]
    await runOrThrow(install, { ...options, timeoutMs: PIP_TIMEOUT_MS })
  })
  return { python, modules }
}

async function findHaproxy({ config, note, signal }: Finding): Promise<ServerTools['haproxy']> {
  const installed = findOnPath('haproxy', `${config.path}:/usr/sbin`)
  if (installed !== undefined) return { file: installed, libraries: undefined }
  const folder = await cached(config.cacheDir, 'haproxy-debian', async (part) => {
    note("fetching HAProxy from Debian's archive (2 MB)")
    const packages = ['haproxy', 'liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1']
    await unpackFromDebian(join(part, 'root'), { suite: 'bookworm', packages, signal })
  })
  const root = join(folder, 'root', 'usr')
  const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  return { file: join(root, 'sbin', 'haproxy'), libraries: join(root, 'lib', `${architecture}-linux-gnu`) }
}
