import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { ROOT } from '@lepton/local/root'
import { databaseName, type DatabaseOwner } from '@lepton/setup/services'
import { until } from '@lepton/testing/until'
import type { Target } from './target.ts'

const COMMAND_TIMEOUT_MS = 60_000
const WAIT = { timeoutMs: 60_000, everyMs: 200 }
const MAX_ANSWER_BYTES = 100_000_000
/** Longer than anybody wants a suite to wait. */
const MAX_PAYMENT_WAIT_MS = 30_000

const run = promisify(execFile)

/** A shop that Docker Compose runs from this checkout, with e2e/compose.yml beside its own file. */
export async function composeTarget(gateway: string): Promise<Target> {
  const readSecret = (name: string) => compose('exec', '-T', 'gateway', 'cat', `/secrets/${name}`)
  const wait = Number(await compose('exec', '-T', 'order', 'printenv', 'ORDER_PAYMENT_WAIT_MS'))
  return {
    gateway,
    psp: `http://${await compose('port', 'psp', '3000')}`,
    operatorSecret: await readSecret('operator.secret'),
    gatewayKey: await readSecret('key.jwk.json'),
    inside: undefined,
    paymentWaitMs: wait <= MAX_PAYMENT_WAIT_MS ? wait : undefined,
    instances: containersOf,
    crash: crashInstance,
    crashServer: async (server) => crashServer(await oneContainerOf(server)),
    pause: async (name) => {
      await docker('pause', await oneContainerOf(name))
    },
    resume: async (name) => {
      await docker('unpause', await oneContainerOf(name))
    },
    takeAway: async (service) => {
      await compose('kill', service)
    },
    bringBack: async (service) => {
      // Not by Compose, which refuses while a server that the service depends on is unhealthy for a moment.
      const containers = await containersOf(service)
      await docker('start', ...containers)
      await Promise.all(containers.map(healthy))
    },
    scale: async (service, count) => {
      const wanted = ['--scale', `${service}=${count}`, '--no-recreate', '--no-deps', service]
      await compose('up', '--detach', '--wait', ...wanted)
    },
    query: async <T>(owner: DatabaseOwner, sql: string) => {
      return JSON.parse(await psql(owner, `select coalesce(json_agg(t), '[]') from (${sql}) t`)) as T[]
    },
    alter: async (owner, sql) => {
      await psql(owner, sql)
    },
    logsOf: async (orderId) => {
      const lines = await compose('logs', '--no-color', '--no-log-prefix', '--since', '5m')
      return lines.split('\n').filter((line) => line.includes(orderId))
    },
    close: () => Promise.resolve(),
  }
}

async function docker(...args: string[]): Promise<string> {
  const options = { cwd: ROOT, timeout: COMMAND_TIMEOUT_MS, maxBuffer: MAX_ANSWER_BYTES }
  const { stdout } = await run('docker', args, options)
  return stdout.trim()
}

function compose(...args: string[]): Promise<string> {
  return docker('compose', ...args)
}

function psql(owner: DatabaseOwner, sql: string): Promise<string> {
  return compose(
    'exec',
    '-T',
    'postgres',
    'psql',
    '-U',
    'postgres',
    '-d',
    databaseName(owner),
    '-At',
    '-c',
    sql,
  )
}

async function containersOf(service: string): Promise<string[]> {
  const names = await compose('ps', '--all', '--format', '{{.Name}}', service)
  return names.split('\n').sort()
}

/** A container by its own name or by that of a service that runs once. */
async function oneContainerOf(name: string): Promise<string> {
  return /-\d+$/.test(name) ? name : (await containersOf(name))[0]!
}

/** Kills all processes but the container's init, which then ends: Docker starts it again by its restart policy. */
async function crashInstance(container: string): Promise<void> {
  const restarts = () => docker('inspect', '-f', '{{.RestartCount}}', container)
  const before = await restarts()
  // The shell that kills them dies with them.
  await docker('exec', container, 'bash', '-c', 'kill -9 -1').catch(() => undefined)
  await until(`${container} is started again`, async () => (await restarts()) !== before, WAIT)
  await healthy(container)
}

/** A server is its container's first process, which cannot be killed from within; what Docker kills stays down. */
async function crashServer(container: string): Promise<void> {
  await docker('kill', container)
  await docker('start', container)
  await healthy(container)
}

async function healthy(container: string): Promise<void> {
  const health = () => docker('inspect', '-f', '{{.State.Health.Status}}', container)
  await until(`${container} is healthy`, async () => (await health()) === 'healthy', WAIT)
}
