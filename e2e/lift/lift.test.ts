import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { prepareConsul } from '@lepton/local/consul'
import { askControl } from '@lepton/local/control'
import { prepareKafka } from '@lepton/local/kafka'
import { ROOT } from '@lepton/local/root'
import type { ServerInfo } from '@lepton/local/shop-types'
import { startTestServer, type TestServer } from '@lepton/testing/servers'
import pg from 'pg'
import { stateDir, targetUrl } from '../config.ts'
import { environmentWithout } from '../environment.ts'

// Takes the libraries out of the repository: packed, installed in an empty folder, and the README's example run as it is there.

jest.setTimeout(180_000)

const run = promisify(execFile)
const LIBRARIES = ['common', 'events', 'client'] as const
const EXPECTED = {
  common: /^200 Hello\n$/,
  events: /^event 1 of ada: a lamp\nevent 2 of ada: a chair\n$/,
  client: /^(\w+\n)*COMPLETED\n$/,
}
const PACKAGES = ['typescript@6.0.3', '@types/node@24.19.2', 'zod@4.6.7', 'undici@8.12.4', 'node@22.23.3']
const TSC_OPTIONS = [
  '--strict',
  '--module',
  'nodenext',
  '--target',
  'es2024',
  '--types',
  'node',
  '--outDir',
  'out',
]

let folder: string
let env: Record<string, string>
let admin: pg.Client
let open: TestServer[] = []
const databases: string[] = []

async function readExample(library: string): Promise<string> {
  const readme = await readFile(join(ROOT, 'packages', library, 'README.md'), 'utf8')
  return /```ts\n(.*?)```/s.exec(readme)![1]!
}

async function install(): Promise<void> {
  const tarballs = await Promise.all(
    [...LIBRARIES, 'contracts'].map(async (library) => {
      const cwd = join(ROOT, 'packages', library)
      await run('corepack', ['pnpm', 'pack', '--pack-destination', folder], { cwd, env })
      return join(folder, `lepton-${library}-0.1.0.tgz`)
    }),
  )
  await run('npm', ['init', '--yes'], { cwd: folder, env })
  await run('npm', ['pkg', 'set', 'type=module'], { cwd: folder, env })
  const options = ['--prefer-offline', '--no-audit', '--no-fund']
  await run('npm', ['install', ...options, ...tarballs, ...PACKAGES], { cwd: folder, env })
  for (const library of LIBRARIES) await writeFile(join(folder, `${library}.ts`), await readExample(library))
  const tsc = join(folder, 'node_modules', '.bin', 'tsc')
  await run(tsc, [...TSC_OPTIONS, ...LIBRARIES.map((library) => `${library}.ts`)], { cwd: folder, env })
}

async function freshDatabase(): Promise<string> {
  const name = `lift_${randomBytes(6).toString('hex')}`
  await admin.query(`create database ${name}`)
  databases.push(name)
  const url = new URL(env['DATABASE_URL']!)
  url.pathname = `/${name}`
  return url.href
}

;(targetUrl() === undefined ? describe : describe.skip)('the libraries, installed in an empty folder', () => {
  beforeAll(async () => {
    const { servers, urls } = (await askControl(stateDir(), { command: 'ps', args: [] })) as {
      servers: ServerInfo[]
      urls: { gateway: string }
    }
    const addressOf = (name: string) => servers.find((server) => server.name === name)!.address
    // The examples have no credentials, and those of the shop are asked for them.
    const [consul, kafka] = await Promise.all([startTestServer(prepareConsul), startTestServer(prepareKafka)])
    open = [consul, kafka]
    env = {
      // The settings of the npm that runs the tests must not become those of an npm in another folder.
      ...environmentWithout(/^(npm_|NODE_OPTIONS|JEST)/i),
      CONSUL_HTTP_ADDR: consul.address,
      KAFKA_BROKERS: kafka.address,
      DATABASE_URL: addressOf('postgres'),
      SHOP_URL: urls.gateway,
    }
    admin = new pg.Client({ connectionString: addressOf('postgres') })
    await admin.connect()
    folder = await mkdtemp(join(tmpdir(), 'lepton-lift-'))
    await install()
  })
  afterAll(async () => {
    for (const name of databases) await admin.query(`drop database ${name} with (force)`)
    await admin.end()
    await Promise.all(open.map((server) => server.stop()))
    await rm(folder, { recursive: true })
  })

  describe.each(['24', '22'])('on Node %s', (version) => {
    it.each(LIBRARIES)('%s does what its README shows', async (library) => {
      const node = version === '24' ? process.execPath : join(folder, 'node_modules', 'node', 'bin', 'node')
      const cwd = join(folder, `on-${version}-${library}`)
      await mkdir(cwd)
      const { stdout: printed } = await run(node, ['--version'], { env })
      expect(printed).toMatch(new RegExp(`^v${version}\\.`))

      const { stdout } = await run(node, [join(folder, 'out', `${library}.js`)], {
        cwd,
        env: { ...env, DATABASE_URL: await freshDatabase() },
        timeout: 60_000,
      })

      // A library may warn, of a broker that does not have a new topic everywhere yet, say: log lines are JSON.
      expect(stdout.replace(/^\{.*\}\n/gm, '')).toMatch(EXPECTED[library])
    })
  })
})
