import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** What the mesh is compared with: installed when the bench first runs, not with the repository. */
const VERSIONS = {
  moleculer: '0.15.2',
  '@grpc/grpc-js': '1.14.7',
  axios: '1.21.1',
  cockatiel: '4.0.0',
  opossum: '10.0.0',
}
const FOLDER = join(import.meta.dirname, '../../node_modules/.cache/mesh-bench')

export function installPeers(): void {
  const wanted = JSON.stringify({ private: true, dependencies: VERSIONS })
  const done = join(FOLDER, `installed-${Buffer.from(wanted).toString('base64url').slice(-32)}`)
  if (existsSync(done)) return
  process.stderr.write('… installing what the mesh is compared with\n')
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(join(FOLDER, 'package.json'), wanted)
  execFileSync('npm', ['install', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: FOLDER,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  writeFileSync(done, '')
}

/** A module of those. Its types are not installed: the caller says what it uses of it. */
export function peerModule<T>(name: keyof typeof VERSIONS): T {
  return createRequire(join(FOLDER, 'package.json'))(name) as T
}
