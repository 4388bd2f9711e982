import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from './cache.ts'
import { CannotStart, lastLine } from './cannot-start.ts'
import { findOnPath, run, runOrThrow, type RunOptions } from './command.ts'
import { toolEnvironment } from './config.ts'
import { downloadRelease } from './release.ts'
import type { ServerDeps } from './server.ts'

const FETCH_TIMEOUT_MS = 180_000
const QUICK_ANSWER_MS = 1_500
const DEBIAN_SUITE = 'bullseye'
const DEBIAN_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

const RELEASE_VERSION = '1.20.1'
const RELEASE_SHA256: Record<string, string> = {
  'linux-x64': 'd38e7571177909d437a9cbcc62fb65083bc567266b74a62d02c6abe783951648',
  'linux-arm64': '03ad4cf513819413016a79154e74161bcfa3c9e1fbfcbdc9eca525b2123d4779',
  'darwin-x64': 'b7a55924006a085e8e4e3a19520d44593799175704b225df443a33448c7e9d0b',
  'darwin-arm64': '17c138c3b0ad841b2644702720c7235f975793606d01757c821a2ac138cb2321',
}

const ARCH = process.arch === 'x64' ? 'amd64' : process.arch
const RELEASE_URL =
  `https://releases.hashicorp.com/consul/${RELEASE_VERSION}/` +
  `consul_${RELEASE_VERSION}_${process.platform}_${ARCH}.zip`

export interface ConsulSource {
  file: string
  version: string
  origin: string
}

/**
 * Consul as installed, or the vendor's release, or the older one of Debian's archive where the release cannot be had.
 *
 * @throws CannotStart when there is none of them
 */
export async function findConsul(
  { config, note, signal }: Pick<ServerDeps, 'config' | 'note' | 'signal'>,
  releaseUrl = RELEASE_URL,
): Promise<ConsulSource> {
  const installed = findOnPath('consul', config.path)
  if (installed !== undefined) {
    return { file: installed, origin: 'installed', version: await versionOf(installed) }
  }
  const name = `consul-${RELEASE_VERSION}`
  const release = join(config.cacheDir, name, 'consul')
  if (existsSync(release)) return { file: release, origin: 'cached', version: RELEASE_VERSION }

  const debian = join(config.cacheDir, 'consul-debian', 'consul')
  const hasDebian = existsSync(debian)
  const canFetchDebian =
    hasDebian ||
    (existsSync(DEBIAN_KEYRING) &&
      ['apt-get', 'dpkg-deb'].every((tool) => findOnPath(tool, config.path) !== undefined))
  const failures: string[] = []
  const sha256 = RELEASE_SHA256[`${process.platform}-${process.arch}`]
  if (sha256 !== undefined) {
    if (!hasDebian) note(`fetching Consul ${RELEASE_VERSION}, the vendor's release (65 MB)`)
    // With another way at hand a server that does not answer must not hold up the start.
    const limit = canFetchDebian ? { answerTimeoutMs: QUICK_ANSWER_MS } : {}
    try {
      await downloadRelease(config.cacheDir, name, { url: releaseUrl, sha256, ...limit }, signal)
      chmodSync(release, 0o755)
      return { file: release, origin: 'fetched', version: RELEASE_VERSION }
    } catch (error) {
      signal.throwIfAborted()
      failures.push(`download: ${lastLine(error as Error)}`)
    }
  }
  if (canFetchDebian) {
    if (!hasDebian) note('fetching an older Consul with apt-get (15 MB)')
    try {
      await cached(config.cacheDir, 'consul-debian', (folder) => fetchFromDebian(folder, signal))
      const version = await versionOf(debian)
      note(
        `running Consul ${version} of Debian: ${RELEASE_VERSION} cannot be fetched (${failures.join('; ')})`,
      )
      return { file: debian, origin: "from Debian's archive", version }
    } catch (error) {
      signal.throwIfAborted()
      failures.push(`apt-get: ${lastLine(error as Error)}`)
    }
  }
  throw new CannotStart(
    `There is no Consul and it could not be fetched (${failures.join('; ')}): put \`consul\` on PATH, or set ` +
      'CONSUL_HTTP_ADDR to a running agent. `docker compose up` needs none of it.',
  )
}

async function versionOf(file: string): Promise<string> {
  const { output } = await run([file, 'version'], { timeoutMs: 10_000 })
  return /v?(\d+\.\d+\.\d+)/.exec(output)?.[1] ?? '0.0.0'
}

/** apt-get on a state of its own: the machine's package lists and packages stay as they are, and root is not needed. */
async function fetchFromDebian(folder: string, signal: AbortSignal) {
  const apt = join(folder, 'apt')
  for (const name of ['lists/partial', 'cache/archives/partial', 'parts']) {
    mkdirSync(join(apt, name), { recursive: true })
  }
  const options = { timeoutMs: FETCH_TIMEOUT_MS, signal, cwd: apt, env: toolEnvironment({ LC_ALL: 'C' }) }
  const mirror = await debianMirror(options)
  writeFileSync(join(apt, 'status'), '')
  writeFileSync(
    join(apt, 'sources.list'),
    `deb [signed-by=${DEBIAN_KEYRING}] ${mirror} ${DEBIAN_SUITE} main\n`,
  )
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
  await runOrThrow([...aptGet, 'download', 'consul'], options)
  const archive = readdirSync(apt).find((name) => name.endsWith('.deb'))
  if (archive === undefined) throw new Error('apt-get fetched no package')
  await runOrThrow(['dpkg-deb', '-x', join(apt, archive), join(apt, 'root')], options)
  writeFileSync(join(folder, 'consul'), readFileSync(join(apt, 'root', 'usr', 'bin', 'consul')), {
    mode: 0o755,
  })
  rmSync(apt, { recursive: true })
}

/** The mirror this machine itself is set up with. */
async function debianMirror(options: RunOptions): Promise<string> {
  const output = await runOrThrow(['apt-get', 'indextargets', '--format', '$(REPO_URI)'], options)
  const mirror = output.split('\n').find((line) => /\/debian\/?$/.test(line.trim()))
  if (mirror === undefined) throw new Error("this machine's apt sources name no Debian archive")
  return mirror.trim()
}
