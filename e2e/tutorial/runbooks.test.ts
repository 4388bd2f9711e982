import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { askControl } from '@lepton/local/control'
import { ROOT } from '@lepton/local/root'
import type { Mode } from '@lepton/contracts/fields'
import { ownerUrl } from '@lepton/setup/databases'
import { createShopClient, type ShopClient, type Shopper } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { askDatabase } from '../chaos/collect/ask-database.ts'
import { poisonLatestOrder } from '../chaos/nemesis/messages.ts'
import { environmentWithout } from '../environment.ts'
import { type SpawnedShop, spawnShop } from '../spawned-shop.ts'
import { commandsOf } from './blocks.ts'

// What docs/runbooks.md tells a person to type, typed into a shop that has the fault.

jest.setTimeout(180_000)

/** After the loss of Consul its new authority is everywhere within a minute. */
const WAIT = { timeoutMs: 75_000, everyMs: 200 }
const run = promisify(execFile)
const commands = commandsOf(readFileSync(join(ROOT, 'docs', 'runbooks.md'), 'utf8'))

let folder: string
let shop: SpawnedShop
let client: ShopClient
let customer: Shopper

/** Runs a block as it stands, in the folder that has the state directory, with the repository's commands for npm's. */
async function type(block: string): Promise<string> {
  const env = {
    ...environmentWithout(/^(npm_|NODE_OPTIONS|JEST)/i),
    PATH: [join(folder, 'bin'), process.env['PATH']].join(delimiter),
    BACKUPS: join(folder, 'backups'),
  }
  const { stdout } = await run('bash', ['-euc', block], { cwd: folder, env })
  return stdout
}

async function follow(runbook: string, place = 'order-17', by = place): Promise<string[]> {
  const outputs: string[] = []
  for (const block of commands.get(runbook)!) outputs.push(await type(block.replaceAll(place, by)))
  return outputs
}

/** In two phases an order is cancelled where services do not believe each other's certificates yet. */
async function buy(mode: Mode = 'saga'): Promise<void> {
  await until(
    'an order is COMPLETED',
    async () => {
      const id = await customer.place([{ item_id: 'desk-mat', quantity: 1 }], 'tok_approved', mode)
      const { status } = await customer.settled(id)
      return status === 'COMPLETED'
    },
    WAIT,
  )
}

const control = (command: string, ...args: string[]) => askControl(shop.stateDir, { command, args })

describe('docs/runbooks.md', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lepton-runbooks-'))
    const npm = join(folder, 'bin', 'npm')
    mkdirSync(join(folder, 'bin'))
    const cli = [process.execPath, join(ROOT, 'infra', 'local', 'src', 'cli.ts')].join(' ')
    writeFileSync(npm, `#!/bin/sh\nshift 3\nexec ${cli} "$@" --state-dir ${join(folder, '.lepton')}\n`)
    chmodSync(npm, 0o755)
    shop = await spawnShop(join(folder, '.lepton'), {
      args: [
        ...['--instances', 'cart=1,inventory=1,order=1,payment=1'],
        ...['--set', 'gateway.RATE_LIMIT_PER_MINUTE=1000000'],
      ],
    })
    client = createShopClient(shop.urls.gateway)
    customer = await client.shopper()
    await buy()
  })
  afterAll(async () => {
    await client?.close()
    await shop?.stop()
    rmSync(folder, { recursive: true })
  })

  it('says what to look at first', async () => {
    const [output] = await follow('Runbooks')
    expect(output).toMatch(/^kafka +ready/m)
  })

  it("brings back Kafka's log, and with it what was accepted without", async () => {
    rmSync(join(shop.stateDir, 'kafka'), { recursive: true })
    await control('kill', 'kafka')
    const id = await customer.place([{ item_id: 'desk-mat', quantity: 1 }])

    const [published, books] = await follow("Kafka's log is lost")

    expect(published).toMatch(/order: [1-9]\d* events are published again/)
    expect(books).toContain('every invariant holds')
    await customer.settled(id, ['COMPLETED'], WAIT.timeoutMs)
  })

  it('takes a backup', async () => {
    await follow('PostgreSQL is lost')
    expect(existsSync(join(folder, 'backups', 'monday', 'manifest.json'))).toBe(true)
  })

  it('gives an empty Consul its tokens, its settings and its instances', async () => {
    await type(`npm run shop -- config set services/order '{"policy":"latency"}' --reason "a test"`)
    rmSync(join(shop.stateDir, 'consul'), { recursive: true })
    await control('kill', 'consul')

    const [, after] = await follow('Consul is lost with its data')

    expect(after).toContain('services/order  {"policy":"latency"}')
    await buy('two_phase')
  })

  it('shows, replays and discards what cannot be applied', async () => {
    await poisonLatestOrder({ ...shop, kafka: shop.kafka() })
    const ids = await until(
      'a dead letter',
      async () =>
        (await type('npm run shop -- dead-letters --status DEAD')).match(/^[a-z]+-\d+/gm) ?? undefined,
      WAIT,
    )

    for (const id of ids) {
      const [list, dryRun, discarded] = await follow('A record cannot be applied', 'order-17', id)
      expect(list).toContain(`"letter_id": "${id}"`)
      expect(dryRun).toContain(id)
      expect(discarded).toContain(`${id} is DISCARDED`)
    }
    expect(await type('npm run shop -- dead-letters --status DEAD')).toBe('none\n')
  })

  it('makes room where a disk is full', async () => {
    const old = join(shop.stateDir, 'logs', 'order-1.log.1')
    writeFileSync(old, 'old')

    await follow('A disk is full')

    expect(existsSync(old)).toBe(false)
  })

  it('replaces keys and passwords, and customers stay signed in', async () => {
    const files = ['order.jwk.json', 'gateway.jwk.json', 'order.event.jwk.json', 'database-order.secret']
    const names = [...files, 'kafka-order.secret', 'consul-order.secret', 'psp.secret', 'operator.secret']
    const before = new Map(names.map((name) => [name, shop.secret(name)]))

    const outputs = await follow('A key or a password is replaced')

    expect(outputs.at(-1)).toContain('every invariant holds')
    expect(names.filter((name) => shop.secret(name) === before.get(name))).toEqual([])
    await buy('saga')
    await buy('two_phase')
    await client.operator(shop.secret('operator.secret'))
    await expect(client.operator(before.get('operator.secret')!)).rejects.toThrow(/answered 401/)
    const oldUrl = ownerUrl(shop.databaseUrl('order'), 'order', before.get('database-order.secret'))
    await expect(askDatabase(oldUrl, (ask) => ask('select 1'))).rejects.toThrow(/authentication/)
    const oldToken = { 'x-consul-token': before.get('consul-order.secret')! }
    const self = await fetch(`${shop.urls.consul}/v1/acl/token/self`, { headers: oldToken })
    expect(self.status).toBe(403)
  })

  it('compares the books', async () => {
    const [output] = await follow('The books disagree')
    expect(output).toContain('every invariant holds')
  })
})
