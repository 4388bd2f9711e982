import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { once, randomSecret } from './files.ts'
import { createSecrets, shareSecrets } from './keys.ts'
import type { KubernetesSecrets } from './kubernetes-api.ts'

/** Holds every secret; each process has a Secret of its own with its share, `lepton-order`. */
export const ALL_SECRETS = 'lepton-all'
/** Two set-ups that run at once: each begins again where the other was first. */
const ATTEMPTS = 5

/**
 * Makes what is missing of the shop's secrets, keeps them in Kubernetes, and gives each process its share of them.
 *
 * Nothing that is kept is replaced. What is new is kept before any process gets it: a set-up that ends in between finds
 * it the next time. `directory` is an empty folder for the time it runs.
 */
export async function keepSecrets(kubernetes: KubernetesSecrets, directory: string): Promise<void> {
  const all = join(directory, 'all')
  const shares = join(directory, 'shares')
  for (let attempt = 1; ; attempt++) {
    const kept = await kubernetes.read(ALL_SECRETS)
    writeFiles(all, kept?.files ?? {})
    shareSecrets(createSecrets(all), shares)
    writeFiles(join(shares, 'postgres'), {
      'postgres.secret': once(join(all, 'postgres.secret'), randomSecret),
    })
    const files = readFiles(all)
    if (isSame(files, kept?.files ?? {})) break
    if (await kubernetes.write(ALL_SECRETS, files, kept?.version)) break
    if (attempt === ATTEMPTS) throw new Error(`the Secret ${ALL_SECRETS} is changed by another program`)
  }
  for (const process of readdirSync(shares))
    await share(kubernetes, process, readFiles(join(shares, process)))
}

async function share(kubernetes: KubernetesSecrets, process: string, files: Record<string, string>) {
  const name = `lepton-${process}`
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const there = await kubernetes.read(name)
    if (there !== undefined && isSame(there.files, files)) return
    if (await kubernetes.write(name, files, there?.version)) return
  }
  throw new Error(`the Secret ${name} is changed by another program`)
}

function writeFiles(folder: string, files: Record<string, string>): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), content, { mode: 0o600 })
}

function readFiles(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  )
}

function isSame(left: Record<string, string>, right: Record<string, string>): boolean {
  const names = Object.keys(left)
  return names.length === Object.keys(right).length && names.every((name) => left[name] === right[name])
}
