import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { createIdentity } from '@lepton/testing/identity'
import { until } from '@lepton/testing/until'
import { type FakeConsul, startFakeConsul } from '../../../packages/common/tests/mesh-fake-consul.ts'

jest.setTimeout(30_000)

const stateDir = mkdtempSync(join(tmpdir(), 'lepton-gateway-'))
const identity = createIdentity()
let consul: FakeConsul
let gateway: ChildProcess | undefined

beforeAll(async () => {
  consul = await startFakeConsul()
})

afterAll(async () => {
  gateway?.kill('SIGKILL')
  await consul.stop()
  identity.remove()
  rmSync(stateDir, { recursive: true })
})

it('takes no traffic before it knows where the services are', async () => {
  consul.setOverride((_req, res) => {
    res.writeHead(500).end('No cluster leader')
    return true
  })
  const opsPort = await startGateway()
  const status = async (path: string) => (await fetch(`http://127.0.0.1:${opsPort}${path}`)).status
  await until('it looks for the services', () =>
    consul.asked.some(({ pathname }) => pathname.endsWith('/order')),
  )
  expect(await status('/livez')).toBe(200)
  expect(await status('/readyz')).toBe(503)

  consul.setOverride(() => false)
  await until('it is ready', async () => (await status('/readyz')) === 200)
})

/** The port of its health, once it listens. */
async function startGateway(): Promise<number> {
  gateway = spawn(process.execPath, [fileURLToPath(new URL('../src/main.ts', import.meta.url))], {
    env: {
      INSTANCE: 'gateway-1',
      CONSUL_HTTP_ADDR: consul.address,
      STATE_DIR: stateDir,
      JWT_KEY_FILE: identity.secrets.keyFiles.gateway,
      JWKS_FILE: identity.secrets.jwksFile,
      OPERATOR_SECRET_FILE: identity.secrets.operatorSecretFile,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: gateway.stdout! })) {
    const { msg, ops_port: opsPort } = JSON.parse(line) as { msg: string; ops_port?: number }
    if (msg === 'ready' && opsPort !== undefined) return opsPort
  }
  throw new Error('the gateway ended before it was ready')
}
