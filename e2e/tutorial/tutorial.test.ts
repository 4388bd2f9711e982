import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { askControl } from '@lepton/local/control'
import { ROOT } from '@lepton/local/root'
import { createShopClient, type ShopClient, type Shopper } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { environmentWithout } from '../environment.ts'
import { spawnShop, type SpawnedShop } from '../spawned-shop.ts'
import { applyBlock, blocksOf } from './blocks.ts'
import { copyCheckout, linkDependencies } from './copy.ts'

// Builds the tutorial's service as the page says, in a copy of the repository, and buys something from a shop that has it.

jest.setTimeout(180_000)

const run = promisify(execFile)

const page = readFileSync(join(ROOT, 'docs', 'add-a-service.md'), 'utf8')
const blocks = blocksOf(page)
let folder: string
let stateDir: string
let shop: SpawnedShop | undefined
let client: ShopClient

async function inCopy(program: string, ...args: string[]): Promise<string> {
  const env = { ...environmentWithout(/^(npm_|NODE_OPTIONS|JEST|TEST_DATABASE_URL|E2E_)/i), ...MODULES }
  const command = [join(folder, 'node_modules', program), ...args]
  // What it printed says more than that it failed.
  const failed = (error: { stdout: string; stderr: string }) => error
  const { stdout, stderr } = await run(process.execPath, command, { cwd: folder, env }).catch(failed)
  return stdout + stderr
}
const MODULES = { NODE_OPTIONS: '--experimental-vm-modules --no-warnings' }

async function shipmentOf(shopper: Shopper, orderId: string): Promise<unknown> {
  let body: unknown
  await until(
    'the order is shipped',
    async () => {
      const answer = await shopper.ask('GET', `/api/v1/shipments/${orderId}`)
      body = answer.body
      return answer.status === 200
    },
    { timeoutMs: 30_000, everyMs: 50 },
  )
  return body
}

describe('docs/add-a-service.md, applied to a copy', () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lepton-tutorial-'))
    stateDir = join(folder, '.lepton')
    copyCheckout(ROOT, folder)
    for (const block of blocks) applyBlock(folder, block)
    for (const { path } of blocks) if (path.endsWith('package.json')) linkDependencies(folder, path)
  })
  afterAll(async () => {
    await client?.close()
    await shop?.stop()
    rmSync(folder, { recursive: true })
  })

  it('type-checks, everywhere', async () => {
    expect(await inCopy('typescript/bin/tsc')).toBe('')
  })

  it('passes its own tests, and those that compare lists', async () => {
    const paths = ['shipping', 'contracts', 'infra', 'e2e/src', 'e2e/chaos']
    const args = ['--selectProjects', 'unit', 'services', '--testPathPatterns', ...paths]

    const output = await inCopy('jest/bin/jest.js', '--forceExit', ...args)

    expect(output).toMatch(/PASS services services\/shipping\/tests/)
    expect(output).toMatch(/PASS unit services\/shipping\/src/)
    expect(output).not.toMatch(/^FAIL /m)
  })

  it('ships what is bought, also after an instance was killed', async () => {
    shop = await spawnShop(stateDir, { root: folder })
    client = createShopClient(shop.urls.gateway)
    const shopper = await client.shopper()
    const first = await shopper.place([{ item_id: 'desk-mat', quantity: 1 }])
    expect(await shipmentOf(shopper, first)).toMatchObject({ order_id: first, state: 'PREPARED' })

    await askControl(stateDir, { command: 'kill', args: ['shipping-1'] })
    const second = await shopper.place([{ item_id: 'desk-mat', quantity: 1 }])

    expect(await shipmentOf(shopper, second)).toMatchObject({ order_id: second, state: 'PREPARED' })
    const other = await client.shopper()
    expect((await other.ask('GET', `/api/v1/shipments/${first}`)).status).toBe(404)
  })
})
