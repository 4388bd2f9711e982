import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bootstrap, cleanEnvironment } from './bootstrap.mjs'

const ORPHAN_CHECK_INTERVAL_MS = 500

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const node = join(root, 'node_modules', 'node', 'bin', 'node')
const bin = join(root, 'node_modules', '.bin')
const [command, ...args] = process.argv.slice(2)

const jest = [
  node,
  '--experimental-vm-modules',
  '--no-warnings',
  join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
]

/** The programs of a command, one after the other. */
const COMMANDS = {
  start: [[node, join(root, 'infra', 'local', 'src', 'main.ts')]],
  shop: [[node, join(root, 'infra', 'local', 'src', 'cli.ts')]],
  // Most tests wait for most of their time, so two files run side by side; the journeys need the machine for themselves.
  test: [
    [...jest, '--selectProjects', 'unit', 'services', '--maxWorkers=2', '--passWithNoTests'],
    [...jest, '--selectProjects', 'shops', '--maxWorkers=2', '--passWithNoTests'],
    [...jest, '--selectProjects', 'e2e', 'chaos', '--passWithNoTests'],
  ],
}

/** Options that npm takes for its own where `--` is missing before them, for each command. */
const EATEN = {
  start: ['fresh', 'free-ports', 'instances', 'set', 'state-dir', 'probe'],
  shop: [
    'state-dir',
    'order',
    'on',
    'since',
    'until',
    'reason',
    'letter',
    'event-id',
    'error-class',
    'secret-file',
    'charge-state',
    'charge-id',
    'new-key',
  ],
}

/** npm keeps what it takes for its own options from the script, which would then do something else. */
function refuseEatenOptions(name) {
  if (!/^npm\//.test(process.env.npm_config_user_agent ?? '')) return
  const eaten = (EATEN[name] ?? []).find(
    (option) => `npm_config_${option.replaceAll('-', '_')}` in process.env,
  )
  if (eaten === undefined) return
  const [command, option] = [
    name === 'start' ? 'npm start' : `npm run ${name}`,
    eaten === 'probe' ? 'no-probe' : eaten,
  ]
  throw new Error(`npm took --${option} for itself. Put -- before the options: ${command} -- --${option} …`)
}

/**
 * Behind a proxy Node's own downloads have to go through it, as those of npm do; the shop's own addresses must not.
 */
function withProxy(env) {
  const has = (name) => env[name] ?? env[name.toUpperCase()]
  if (!has('https_proxy') && !has('http_proxy') && !env.NODE_USE_ENV_PROXY) return env
  const direct = [has('no_proxy'), 'localhost', '127.0.0.1', '::1'].filter(Boolean).join(',')
  return { ...env, NODE_USE_ENV_PROXY: '1', NO_PROXY: direct, no_proxy: direct }
}

/** Runs a program with every signal passed on, and gives how it ended. `onStart` gets what ends it. */
function run(program, env, onStart) {
  return new Promise((resolve) => {
    const child = spawn(program[0], program.slice(1), {
      env,
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    })
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => [signal, () => child.kill(signal)])
    for (const [signal, pass] of signals) process.on(signal, pass)
    onStart(() => child.kill('SIGTERM'))
    child.on('error', (error) => {
      process.stderr.write(`${error.message}\n`)
      resolve(1)
    })
    child.on('exit', (code, signal) => {
      for (const [name, pass] of signals) process.off(name, pass)
      resolve(code ?? 128 + (constants.signals[signal] ?? 0))
    })
  })
}

/** npm itself may be killed; what it started would then run on, unseen. */
function stopWithParent(stop) {
  const parent = process.ppid
  const check = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(check)
    stop()
  }, ORPHAN_CHECK_INTERVAL_MS)
  check.unref()
}

try {
  const programs = args.includes('--selectProjects') ? [jest] : COMMANDS[command]
  if (!programs) throw new Error(`usage: node scripts/run.mjs ${Object.keys(COMMANDS).join(' | ')}`)
  refuseEatenOptions(command)
  let stop = () => process.exit(1)
  if (process.env.npm_lifecycle_event) stopWithParent(() => stop())
  await bootstrap(root)
  const env = withProxy(cleanEnvironment())
  if (command === 'test') env.NODE_OPTIONS = '--experimental-vm-modules --no-warnings'
  else env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'node')
  env.PATH = [bin, env.PATH].join(delimiter)
  let worst = 0
  for (const program of programs) {
    const code = await run([...program, ...args], env, (stopIt) => (stop = stopIt))
    // Failed tests do not keep the others from running; a signal ends all.
    worst = Math.max(worst, code)
    if (code > 1) break
  }
  process.exit(worst)
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
