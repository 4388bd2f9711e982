import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { askControl } from '../src/control.ts'
import { acquireLock } from '../src/lock.ts'
import { isPortFree } from '../src/ports.ts'
import { descendants, isAlive } from '../src/process-info.ts'
import { ROOT } from '../src/root.ts'
import { instancesOf, nodeOf, SERVICES } from '../src/services.ts'
import type { InstanceInfo } from '../src/fleet.ts'
import type { ServerInfo } from '../src/shop-types.ts'

/** A user's shell with settings that would break the shop if they reached it. */
const SHELL = {
  LANG: 'C',
  LC_ALL: 'C',
  TZ: 'Asia/Tokyo',
  PGSSLMODE: 'require',
  PGOPTIONS: '-c search_path=nowhere',
  PGDATA: '/nowhere',
  NODE_ENV: 'test',
}

const CLI = join(ROOT, 'infra', 'local', 'src', 'cli.ts')
const START_TIMEOUT_MS = 90_000
const POLL_MS = 20

interface Run {
  pid: number
  urls: { gateway: string }
  servers: ServerInfo[]
  instances: InstanceInfo[]
}

/** A name that each format it might reach has to escape, in a folder where nothing else may appear. */
const FOLDER = 'ä 轻, =#%'

let parent: string
let stateDir: string
let launcher: ChildProcess
let output = ''

beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'lepton-launcher-'))
  stateDir = join(parent, FOLDER)
})

afterEach(async () => {
  launcher.kill('SIGKILL')
  await until(() => exitOf(launcher) !== undefined, 10_000)
})

afterAll(() => rmSync(parent, { recursive: true }))

describe('the launcher', () => {
  it(
    'leaves no process and no port when it is killed',
    async () => {
      await start()
      const { servers, instances } = readRun()
      const everything = [...descendants(launcher.pid ?? 0)]
      expect(everything.length).toBeGreaterThanOrEqual(servers.length + instances.length)

      launcher.kill('SIGKILL')

      await until(() => !everything.some(isAlive), 5_000)
      for (const port of ports(servers, instances))
        expect([port, await isPortFree(port)]).toEqual([port, true])
    },
    START_TIMEOUT_MS,
  )

  it(
    'leaves nothing when it is killed in the middle of a start',
    async () => {
      launch()
      await until(() => output.includes('PostgreSQL'), START_TIMEOUT_MS)
      const everything = descendants(launcher.pid ?? 0)

      launcher.kill('SIGKILL')

      await until(() => !everything.some(isAlive), 5_000)
    },
    START_TIMEOUT_MS,
  )

  it(
    'starts crashed services and servers again, scales, and drains everything within ten seconds',
    async () => {
      await start()
      const before = await ps()
      await askControl(stateDir, { command: 'kill', args: ['order-1'] })
      await askControl(stateDir, { command: 'kill', args: ['postgres'] })
      await until(async () => {
        const { instances, servers } = await ps()
        const order = instances.find(({ instance }) => instance === 'order-1')
        const postgres = servers.find(({ name }) => name === 'postgres')
        return order?.restarts === 1 && order.status === 'ready' && postgres?.status === 'ready'
      }, 30_000)
      expect(await askControl(stateDir, { command: 'add', args: ['cart'] })).toBe('cart-3')
      await askControl(stateDir, { command: 'remove', args: ['cart-3'] })
      expect((await ps()).instances).toHaveLength(before.instances.length)

      const kafka = async () => (await ps()).servers.find(({ name }) => name === 'kafka')
      const full = await kafka()
      await askControl(stateDir, { command: 'wipe', args: ['kafka'] })
      expect(await kafka()).toMatchObject({ status: 'ready', address: full?.address })
      expect((await kafka())?.pid).not.toBe(full?.pid)
      await expect(askControl(stateDir, { command: 'wipe', args: ['postgres'] })).rejects.toThrow(
        'only kafka',
      )

      const everything = descendants(launcher.pid ?? 0)
      const stop = spawnSync(nodeOf(ROOT), [CLI, 'stop', '--state-dir', stateDir], { encoding: 'utf8' })
      expect(stop).toMatchObject({ stdout: 'stopped\n', status: 0 })
      // The next start finds everything free when the command returns.
      acquireLock(stateDir)()
      await until(() => exitOf(launcher) !== undefined, 5_000)

      expect(exitOf(launcher)).toBe(0)
      expect(Number(/stopped after ([\d.]+) s/.exec(output)?.[1])).toBeLessThan(10.5)
      expect(everything.some(isAlive)).toBe(false)
      expect(existsSync(join(stateDir, 'run.json'))).toBe(false)
      expect(readdirSync(parent)).toEqual([FOLDER])
    },
    2 * START_TIMEOUT_MS,
  )

  it(
    'is ready when an order went through one instance of each service, and starts the others then',
    async () => {
      launch({ probe: true })
      await until(isReady, START_TIMEOUT_MS)
      const countReady = async () => (await ps()).instances.filter(({ status }) => status === 'ready').length
      expect(await countReady()).toBeGreaterThanOrEqual(SERVICES.length)
      expect(output).toContain(`${SERVICES.length} instances`)

      const all = SERVICES.reduce((sum, service) => sum + instancesOf(service), 0)
      await until(async () => (await countReady()) === all, START_TIMEOUT_MS)
    },
    2 * START_TIMEOUT_MS,
  )

  it(
    'stops while it starts',
    async () => {
      launch()
      await until(() => output.includes('PostgreSQL'), START_TIMEOUT_MS)

      const stop = spawnSync(nodeOf(ROOT), [CLI, 'stop', '--state-dir', stateDir], { encoding: 'utf8' })

      expect(stop).toMatchObject({ stdout: 'stopped\n', status: 0 })
      await until(() => exitOf(launcher) !== undefined, 5_000)
      expect(output).toContain('stopped before it was ready')
    },
    START_TIMEOUT_MS,
  )

  it('refuses to be the second one', async () => {
    launch()
    await until(() => existsSync(join(stateDir, 'lock')), 20_000)
    const second = spawnLauncher()
    let complaint = ''
    second.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()))

    await until(() => exitOf(second) !== undefined, 20_000)

    expect(exitOf(second)).toBe(1)
    expect(complaint.trim()).toMatch(/^A shop already runs on .* `npm run shop stop` stops it\.$/)
  }, 60_000)
})

function launch(options: { probe?: boolean } = {}) {
  output = ''
  launcher = spawnLauncher(options)
  launcher.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  launcher.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
}

function spawnLauncher({ probe = false } = {}): ChildProcess {
  const main = join(ROOT, 'infra', 'local', 'src', 'main.ts')
  const options = ['--free-ports', ...(probe ? [] : ['--no-probe']), '--state-dir', stateDir]
  return spawn(nodeOf(ROOT), [main, ...options], {
    cwd: ROOT,
    env: { ...process.env, ...SHELL },
  })
}

async function start() {
  launch()
  await until(isReady, START_TIMEOUT_MS)
}

function isReady(): boolean {
  if (exitOf(launcher) !== undefined) throw new Error(`the launcher ended: ${output}`)
  return output.includes('ready after')
}

function exitOf({ exitCode, signalCode }: ChildProcess): number | NodeJS.Signals | undefined {
  return exitCode ?? signalCode ?? undefined
}

function readRun(): Run {
  return JSON.parse(readFileSync(join(stateDir, 'run.json'), 'utf8')) as Run
}

async function ps(): Promise<Run> {
  return (await askControl(stateDir, { command: 'ps', args: [] })) as Run
}

function ports(servers: ServerInfo[], instances: InstanceInfo[]): number[] {
  const addresses = [...servers.map(({ address }) => address), ...instances.map(({ url }) => url ?? '')]
  return addresses.map((address) => Number(/:(\d+)(\/\w*)?$/.exec(address)?.[1]))
}

async function until(condition: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > deadline)
      throw new Error(`not so after ${timeoutMs} ms: ${condition.toString()}\n${output}`)
    await delay(POLL_MS)
  }
}
