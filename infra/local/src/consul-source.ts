import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from './cache.ts'
import { CannotStart, lastLine } from './cannot-start.ts'
import { findOnPath, run } from './command.ts'
import { canUnpackFromDebian, unpackFromDebian } from './debian.ts'
import { downloadRelease } from './release.ts'
import type { Finding } from './server.ts'

const QUICK_ANSWER_MS = 1_500

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
  { config, note, signal }: Finding,
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
  const canFetchDebian = hasDebian || canUnpackFromDebian(config.path)
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

async function fetchFromDebian(folder: string, signal: AbortSignal) {
  const root = join(folder, 'root')
  await unpackFromDebian(root, { suite: 'bullseye', packages: ['consul'], signal })
  writeFileSync(join(folder, 'consul'), readFileSync(join(root, 'usr', 'bin', 'consul')), { mode: 0o755 })
  rmSync(root, { recursive: true })
}
