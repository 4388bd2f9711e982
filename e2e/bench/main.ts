import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Pattern } from '@lepton/common/fault-injection'
import { createLog } from '@lepton/common/log'
import { createMetrics } from '@lepton/common/metrics'
import { createDatabase } from '@lepton/common/postgres'
import { startShop } from '@lepton/local/shop'
import type { Shop } from '@lepton/local/shop-types'
import { createShopClient, type ShopClient } from '@lepton/testing/shop-client'
import type { Mode } from '@lepton/contracts/fields'
import { FINAL_STATUSES } from '@lepton/contracts/order'
import { measureHotSku } from './hot-sku.ts'
import { measureOutboxDrain } from './outbox-drain.ts'
import { measureCommitToAck } from './commit-to-ack.ts'
import { cpuSeconds, familyOf, pssMib, sum } from './processes.ts'
import { measureTakeover } from './takeover.ts'
import { rowsOf } from './takeover-rows.ts'
import { measureLatency, measureThroughput, type OrderCounts, stockUp } from './orders.ts'

// Measures shops of its own, on free ports and in temporary directories, and prints one table.
const ROOT = new URL('../..', import.meta.url).pathname
const UNLIMITED = '1000000000'
const IDLE_S = 20
const rows: [string, string][] = []
const silent = createLog({ service: 'bench', instance: 'bench', level: 'silent' })

function note(what: string, value: number, unit: string, digits = 0): void {
  rows.push([what, `${value.toFixed(digits)} ${unit}`])
  console.error(`${what}: ${value.toFixed(digits)} ${unit}`)
}

async function start(stateDir: string, what?: string, without?: Pattern): Promise<Shop> {
  const startedAt = performance.now()
  const limits = {
    RATE_LIMIT_PER_MINUTE: UNLIMITED,
    ADDRESS_LIMIT_PER_MINUTE: UNLIMITED,
    SESSION_LIMIT_PER_MINUTE: UNLIMITED,
  }
  const worse = without === undefined ? {} : { LEPTON_WITHOUT: without }
  const env = { gateway: limits, cart: worse, order: worse, inventory: worse, payment: worse }
  const shop = await startShop({ root: ROOT, stateDir, useDefaultPorts: false, env })
  if (what !== undefined) {
    note(`${what}, until a probe order is COMPLETED`, (performance.now() - startedAt) / 1000, 's', 1)
  }
  return shop
}

/** What runs of a shop, servers included, each with what runs below it. */
function processesOf(shop: Shop): { name: string; pids: number[] }[] {
  return [
    ...shop.instances().map(({ instance, pid }) => ({ name: instance, pid })),
    ...shop.servers().map(({ name, pid }) => ({ name, pid })),
  ].flatMap(({ name, pid }) => (pid === undefined ? [] : [{ name, pids: familyOf(pid) }]))
}

async function measureIdle(shop: Shop): Promise<void> {
  const groups = [...processesOf(shop), { name: 'launcher', pids: [process.pid] }]
  const before = groups.map(({ pids }) => sum(pids, cpuSeconds))
  await delay(IDLE_S * 1000)
  let totalMib = 0
  let totalCpu = 0
  groups.forEach(({ name, pids }, index) => {
    const mib = sum(pids, pssMib)
    const cpu = ((sum(pids, cpuSeconds) - before[index]!) / IDLE_S) * 100
    totalMib += mib
    totalCpu += cpu
    rows.push([`  ${name}`, `${mib.toFixed(0)} MiB PSS, ${cpu.toFixed(1)} % of a core`])
  })
  note('whole shop idle, memory (PSS)', totalMib, 'MiB')
  note('whole shop idle, CPU', totalCpu, '% of one core', 1)
}

/** A shop with stock for every run, for as long as the measurement takes. */
async function withShop(
  stateDir: string,
  work: (shop: Shop, client: ShopClient) => Promise<void>,
  without?: Pattern,
) {
  const shop = await start(stateDir, undefined, without)
  const client = createShopClient(shop.urls.gateway)
  try {
    await stockUp(client, (await readFile(shop.operatorSecretFile, 'utf8')).trim(), 100_000)
    await work(shop, client)
  } finally {
    await client.close()
    await shop.stop()
  }
}

async function measureStarts(stateDir: string): Promise<void> {
  await (await start(stateDir, 'first start (fresh state, caches as they are)')).stop()
  const shop = await start(stateDir, 'second start')
  try {
    await measureIdle(shop)
  } finally {
    await shop.stop()
  }
}

async function measureMode(shop: Shop, client: ShopClient, mode: Mode, name: string): Promise<void> {
  const orders = ordersOf(shop)
  await measureLatency(client, 50, mode)
  const latency = await measureLatency(client, 300, mode)
  note(`one shopper, ${name} p50`, latency.acceptP50Ms, 'ms', 1)
  note(`one shopper, ${name} p99`, latency.acceptP99Ms, 'ms', 1)
  note(`one shopper, ${name}, until COMPLETED p50`, latency.completeP50Ms, 'ms', 1)
  note(`one shopper, ${name}, until COMPLETED p99`, latency.completeP99Ms, 'ms', 1)
  await measureThroughput(client, orders.count, 500, 64, mode)
  const { acceptedPerS, completedPerS, completedShare } = await measureThroughput(
    client,
    orders.count,
    4_000,
    64,
    mode,
  )
  note(`64 shoppers, ${name}`, acceptedPerS, 'a second')
  note(`64 shoppers, ${name}, until COMPLETED`, completedPerS, 'a second')
  note('  of the accepted ones', completedShare * 100, '%', 1)
  await orders.close()
}

function ordersOf(shop: Shop): { count: () => Promise<OrderCounts>; close: () => Promise<void> } {
  const orders = createDatabase({ url: shop.databaseUrl('order'), poolSize: 1 }, silent, createMetrics())
  return {
    close: () => orders.close(),
    count: async () => {
      const { rows } = await orders.query<OrderCounts>(
        `select count(*) filter (where status = 'COMPLETED')::int as completed,
           count(*) filter (where status <> all ($1))::int as open
         from order_stream`,
        [FINAL_STATUSES],
      )
      return rows[0]!
    },
  }
}

async function measureOrders(stateDir: string): Promise<void> {
  await withShop(stateDir, async (shop, client) => {
    await measureMode(shop, client, 'saga', 'order accepted')
    await measureMode(shop, client, 'two_phase', 'order in two phases decided')
  })
}

async function measureOutbox(stateDir: string): Promise<void> {
  await withShop(stateDir, async (shop) => {
    // Nobody else relays from the cart's database then, and nobody consumes what is published.
    for (const { instance, service } of shop.instances()) {
      if (service !== 'gateway' && service !== 'psp') await shop.remove(instance)
    }
    const ack = await measureCommitToAck(shop.databaseUrl('cart'), [shop.brokers], 500)
    note("commit to Kafka's ack, own shard p50", ack.ownP50Ms, 'ms', 1)
    note("commit to Kafka's ack, own shard p99", ack.ownP99Ms, 'ms', 1)
    note("commit to Kafka's ack, other instance's shard p50", ack.otherP50Ms, 'ms', 1)
    note("commit to Kafka's ack, other instance's shard p99", ack.otherP99Ms, 'ms', 1)
    const { drainedPerS, publishedPerS } = await measureOutboxDrain(
      shop.databaseUrl('cart'),
      [shop.brokers],
      100_000,
    )
    note('outbox, a backlog brought to Kafka', drainedPerS, 'events a second')
    note('outbox, written and brought to Kafka at the same time', publishedPerS, 'events a second')
  })
}

async function measureOneProduct(stateDir: string): Promise<void> {
  await withShop(stateDir, async (shop) => {
    const { reservationsPerS, held, rejected, oversold } = await measureHotSku(shop, 'desk-mat', 50_000)
    note('one product that everybody wants, reservations', reservationsPerS, 'a second')
    note(`  of ${held + rejected} wishes, held`, held, 'units')
    note('  sold without being there', oversold, 'units')
  })
}

/**
 * What the patterns cost: the same orders at the same time on a shop with all of them and on one that leaves one out,
 * so that both have the same machine. Compared is the CPU that an order takes in all processes of its shop.
 */
async function measurePatterns(stateDir: string): Promise<void> {
  for (const without of ['inbox', 'outbox', 'idempotency'] as const) {
    let costs: number[] = []
    await withShop(join(stateDir, `with-${without}`), (shop, client) =>
      withShop(
        join(stateDir, `without-${without}`),
        async (other, otherClient) => {
          await Promise.all([cpuOfOrder(shop, client, 500), cpuOfOrder(other, otherClient, 500)])
          costs = await Promise.all([cpuOfOrder(shop, client, 2_000), cpuOfOrder(other, otherClient, 2_000)])
        },
        without,
      ),
    )
    const [all, less] = costs as [number, number]
    note(`CPU of an order, every pattern`, all * 1000, 'ms', 1)
    note(`  without ${without}, at the same time`, less * 1000, 'ms', 1)
    note(`  price of ${without}`, (all / less - 1) * 100, '%', 1)
  }
}

/** CPU seconds of the whole shop, servers included, for one of many orders until it is COMPLETED. */
async function cpuOfOrder(shop: Shop, client: ShopClient, count: number): Promise<number> {
  const orders = ordersOf(shop)
  const used = () => processesOf(shop).reduce((total, { pids }) => total + sum(pids, cpuSeconds), 0)
  const before = used()
  const { completedShare } = await measureThroughput(client, orders.count, count, 8)
  const cpuS = used() - before
  await orders.close()
  if (completedShare < 1)
    throw new Error(`${Math.round(count * (1 - completedShare))} orders were not COMPLETED`)
  return cpuS / count
}

/** One fault at a time, on a shop that is ordered from all the time. */
async function measureTakeovers(stateDir: string): Promise<void> {
  await withShop(stateDir, async (shop, client) => {
    rows.push(...rowsOf(await measureTakeover(shop, client)))
  })
}

const SECTIONS: Record<string, (stateDir: string) => Promise<void>> = {
  start: measureStarts,
  orders: measureOrders,
  outbox: measureOutbox,
  'hot-sku': measureOneProduct,
  patterns: measurePatterns,
  takeover: measureTakeovers,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean', short: 'h', default: false } },
})
const wanted = positionals.length > 0 ? positionals : Object.keys(SECTIONS)
const unknown = wanted.filter((name) => !Object.hasOwn(SECTIONS, name))
if (values.help || unknown.length > 0) {
  console.error(
    `pnpm bench [section …]    measures a shop of its own; all of it takes about a quarter of an hour\n\nsections: ${Object.keys(SECTIONS).join(', ')}`,
  )
  process.exit(unknown.length > 0 ? 1 : 0)
}
for (const name of wanted) {
  const stateDir = await mkdtemp(join(tmpdir(), 'lepton-bench-'))
  try {
    await SECTIONS[name]!(stateDir)
  } finally {
    await rm(stateDir, { recursive: true, force: true })
  }
}
const width = Math.max(...rows.map(([what]) => what.length))
for (const [what, value] of rows) console.log(`${what.padEnd(width)}  ${value}`)
