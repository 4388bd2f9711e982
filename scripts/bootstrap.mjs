import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const MIN_NODE_MAJOR = 20
const SETPRIV = 'setpriv'

/** npm tells its scripts about itself in variables that would confuse another package manager. */
export function cleanEnvironment(env = process.env) {
  const isNpms = (name) => /^(npm_|INIT_CWD$)/i.test(name)
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isNpms(name)))
}

/** Installs the dependencies when anything they depend on has changed since the last time. */
export async function bootstrap(root) {
  if (Number(process.versions.node.split('.')[0]) < MIN_NODE_MAJOR) {
    throw new Error(`Node ${process.versions.node} is too old: install Node ${MIN_NODE_MAJOR} or newer.`)
  }
  if (process.platform === 'win32')
    throw new Error('Windows is not supported: run it in WSL, or use `docker compose up`.')
  const stamp = join(root, 'node_modules', '.bootstrap')
  const wanted = fingerprint(root)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return

  const began = Date.now()
  const pnpm = findPnpm(root)
  process.stdout.write(`  … installing dependencies with ${pnpm.join(' ')}\n`)
  await install(pnpm, root)
  writeFileSync(stamp, wanted)
  process.stdout.write(`  ${'dependencies'.padEnd(58)} ${((Date.now() - began) / 1000).toFixed(1)} s\n`)
}

function fingerprint(root) {
  const hash = createHash('sha256').update([process.platform, process.arch].join())
  const packages = ['packages', 'services', 'infra'].flatMap((folder) =>
    existsSync(join(root, folder)) ? readdirSync(join(root, folder)).map((name) => join(folder, name)) : [],
  )
  const manifests = ['.', 'e2e', ...packages].map((folder) => join(folder, 'package.json'))
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', '.npmrc', ...manifests.sort()]) {
    if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)))
  }
  return hash.digest('hex')
}

/** pnpm as it is installed, through corepack, or through npm: the version and hash are those of package.json. */
function findPnpm(root) {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const [, version] = /^pnpm@([^+]+)/.exec(packageManager)
  const works = (...command) => {
    const [file, ...args] = [...command, '--version']
    const { status, stdout } = spawnSync(file, args, { cwd: root, env: environment(), encoding: 'utf8' })
    return status === 0 && stdout.trim() === version
  }
  if (works('pnpm')) return ['pnpm']
  if (works('corepack', 'pnpm')) return ['corepack', 'pnpm']
  return ['npm', 'exec', '--yes', '--', `pnpm@${version}`]
}

function environment() {
  return { ...cleanEnvironment(), COREPACK_ENABLE_DOWNLOAD_PROMPT: '0', CI: 'true' }
}

/** Passes a stop on, so that an interrupted start does not go on installing. */
async function install([file, ...pnpm], root) {
  const args = [...pnpm, 'install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only']
  const tethered = tether([file, ...args])
  const child = spawn(tethered[0], tethered.slice(1), {
    cwd: root,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const { code, signal } = await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
  if (code === 0) return
  process.stderr.write(output)
  throw new Error(`the dependencies could not be installed (${signal ?? `exit code ${code}`})`)
}

/** The command, ended by the kernel when this process dies, where the system can do that. */
export function tether(command, deathSignal = 'KILL') {
  const canTether =
    process.platform === 'linux' && spawnSync(SETPRIV, ['--pdeathsig', 'KILL', 'true']).status === 0
  return canTether ? [SETPRIV, '--pdeathsig', deathSignal, ...command] : command
}
