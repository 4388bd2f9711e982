import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { cached } from './cache.ts'
import { runOrThrow } from './command.ts'

const UNPACK_TIMEOUT_MS = 120_000
const DOWNLOAD_TIMEOUT_MS = 600_000
const ANSWER_TIMEOUT_MS = 20_000

export type Release = {
  url: string
  /** How long the server may take to begin its answer. */
  answerTimeoutMs?: number
} & ({ sha256: string } | { sha512: string })

/** Fetches a vendor's archive into the cache and unpacks it, if and only if it is the one that was pinned. */
export function downloadRelease(cacheDir: string, name: string, release: Release, signal: AbortSignal) {
  return cached(cacheDir, name, async (folder) => {
    const archive = join(folder, release.url.endsWith('.zip') ? 'archive.zip' : 'archive.tgz')
    const limit = AbortSignal.any([signal, AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS)])
    const response = await answerOf(release, limit)
    if (!response.ok || !response.body) throw new Error(`the download answers ${response.status}`)
    await pipeline(Readable.fromWeb(response.body), createWriteStream(archive), { signal: limit })
    await verify(archive, release)
    const unpack = archive.endsWith('.zip')
      ? ['unzip', '-q', archive, '-d', folder]
      : ['tar', '-xzf', archive, '-C', folder]
    await runOrThrow(unpack, { timeoutMs: UNPACK_TIMEOUT_MS, signal })
    unlinkSync(archive)
  })
}

/** The answer to the download, its body still to be read. */
async function answerOf({ url, answerTimeoutMs = ANSWER_TIMEOUT_MS }: Release, signal: AbortSignal) {
  const late = new AbortController()
  const timer = setTimeout(
    () => late.abort(new Error(`${new URL(url).host} did not answer within ${answerTimeoutMs} ms`)),
    answerTimeoutMs,
  )
  try {
    return await fetch(url, { signal: AbortSignal.any([signal, late.signal]) })
  } catch (error) {
    // fetch says no more than that it failed.
    throw (error as Error).cause ?? error
  } finally {
    clearTimeout(timer)
  }
}

async function verify(archive: string, release: Release) {
  const [algorithm, expected] = 'sha256' in release ? ['sha256', release.sha256] : ['sha512', release.sha512]
  const hash = createHash(algorithm ?? '')
  await pipeline(createReadStream(archive), hash)
  if (hash.digest('hex') !== expected) throw new Error('the download does not have the pinned checksum')
}
