import { execFile, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from '@lepton/local/process-info'
import { ROOT } from '@lepton/local/root'
import type { InstanceInfo } from '@lepton/local/fleet'
import type { ServerName } from '@lepton/local/server'
import type { KafkaAccess } from '@lepton/events/kafka/settings'
import { databaseUrl } from '@lepton/setup/databases'
import { adminAccess } from '@lepton/setup/kafka-users'
import type { DatabaseOwner } from '@lepton/setup/services'
import type { ServerInfo } from '@lepton/local/shop-types'
import { until } from '@lepton/testing/until'
import { environmentWithout } from './environment.ts'

const START = { timeoutMs: 90_000, everyMs: 100 }
const STOP = { timeoutMs: 40_000, everyMs: 50 }
/** What was meant for the tests, or would give the shop servers that are not its own. */
const NOT_INHERITED =
  /^(npm_.*|NODE_OPTIONS|JEST.*|DATABASE_URL|LEPTON_ADMIN_DATABASE_URL|KAFKA_BROKERS|CONSUL_HTTP_ADDR)$/

export interface SpawnedShop {
  urls: { gateway: string; psp: string; consul: string }
  stateDir: string
  databaseUrl(owner: DatabaseOwner): string
  /** With every right. */
  kafka(): KafkaAccess
  /** What a file of the secrets holds now. */
  secret(name: string): string
  /** What the launcher has written. */
  output(): string
  /** `npm run shop -- …`: its exit code and what it wrote. */
  command(...args: string[]): Promise<{ code: number; output: string }>
  stop(): Promise<void>
  /** SIGKILL for the launcher; resolves when every process of the shop has ended. */
  kill(): Promise<void>
}

/**
 * A shop that is started as a person does it, in processes of its own.
 *
 * @throws Error with what the launcher wrote where it ends before the shop is ready
 */
export async function spawnShop(
  stateDir: string,
  { root = ROOT, args = [] }: { root?: string; args?: readonly string[] } = {},
): Promise<SpawnedShop> {
  const env = environmentWithout(NOT_INHERITED)
  const program = (name: string) => join(root, 'infra', 'local', 'src', name)
  const launcher = spawn(
    process.execPath,
    [program('main.ts'), '--free-ports', '--state-dir', stateDir, ...args],
    { env, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  for (const stream of [launcher.stdout, launcher.stderr])
    stream.on('data', (text) => (output += String(text)))
  const hasEnded = () => launcher.exitCode !== null || launcher.signalCode !== null
  const runFile = join(stateDir, 'run.json')
  let hasFailed = false
  await until('the shop is ready', () => (hasFailed = hasEnded()) || existsSync(runFile), START)
  if (hasFailed) throw new Error(`the launcher ended: ${output}`)
  const read = () =>
    JSON.parse(readFileSync(runFile, 'utf8')) as {
      urls: SpawnedShop['urls']
      servers: ServerInfo[]
      instances: InstanceInfo[]
    }

  const addressOf = (server: ServerName) => read().servers.find(({ name }) => name === server)!.address
  const secret = (name: string) => readFileSync(join(stateDir, 'secrets', name), 'utf8').trim()

  return {
    urls: read().urls,
    stateDir,
    databaseUrl: (owner) => databaseUrl(addressOf('postgres'), owner),
    kafka: () => adminAccess(addressOf('kafka'), secret('kafka-setup.secret')),
    secret,
    output: () => output,
    command: (...words) => {
      const { promise, resolve } = Promise.withResolvers<{ code: number; output: string }>()
      const command = [program('cli.ts'), ...words, '--state-dir', stateDir]
      execFile(process.execPath, command, { env }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }),
      )
      return promise
    },
    stop: async () => {
      launcher.kill()
      await until('the shop has stopped', hasEnded, STOP)
    },
    kill: async () => {
      const { servers, instances } = read()
      const pids = [...servers, ...instances].flatMap(({ pid }) => pid ?? [])
      launcher.kill('SIGKILL')
      await until('every process has ended', () => hasEnded() && !pids.some(isAlive), STOP)
    },
  }
}
