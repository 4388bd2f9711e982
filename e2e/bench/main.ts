import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createLog } from '@lepton/common/log'
import { createMetrics } from '@lepton/common/metrics'
import { createDatabase } from '@lepton/common/postgres'
import { startShop } from '@lepton/local/shop'
import type { Shop } from '@lepton/local/shop-types'
import { createShopClient } from '@lepton/testing/shop-client'
import { measureCommitToAck } from './commit-to-ack.ts'
import { cpuSeconds, familyOf, pssMib, sum } from './processes.ts'
import { measureLatency, measureThroughput, stockUp } from './orders.ts'

// Measures a whole shop of its own, on free ports and in a temporary directory, and prints one table.
const ROOT = new URL('../..', import.meta.url).pathname
const UNLIMITED = '1000000000'
const IDLE_S = 20
const rows: [string, string][] = []
const silent = createLog({ service: 'bench', instance: 'bench', level: 'silent' })

function note(what: string, value: number, unit: string, digits = 0): void {
  rows.push([what, `${value.toFixed(digits)} ${unit}`])
  console.error(`${what}: ${value.toFixed(digits)} ${unit}`)
}

async function start(stateDir: string, what: string): Promise<Shop> {
  const startedAt = performance.now()
  const limits = {
    RATE_LIMIT_PER_MINUTE: UNLIMITED,
    ADDRESS_LIMIT_PER_MINUTE: UNLIMITED,
    SESSION_LIMIT_PER_MINUTE: UNLIMITED,
  }
  const shop = await startShop({ root: ROOT, stateDir, useDefaultPorts: false, env: { gateway: limits } })
  note(`${what}, until a probe order is COMPLETED`, (performance.now() - startedAt) / 1000, 's', 1)
  return shop
}

async function measureIdle(shop: Shop): Promise<void> {
  const groups = [
    ...shop.instances().map(({ instance, pid }) => ({ name: instance, pid })),
    ...shop.servers().map(({ name, pid }) => ({ name, pid })),
  ].flatMap(({ name, pid }) => (pid === undefined ? [] : [{ name, pids: familyOf(pid) }]))
  groups.push({ name: 'launcher', pids: [process.pid] })
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

const stateDir = await mkdtemp(join(tmpdir(), 'lepton-bench-'))
try {
  await (await start(stateDir, 'first start (fresh state, caches as they are)')).stop()
  const shop = await start(stateDir, 'second start')
  const client = createShopClient(shop.urls.gateway)
  try {
    await stockUp(client, (await readFile(shop.operatorSecretFile, 'utf8')).trim(), 100_000)
    await measureIdle(shop)
    const orders = createDatabase({ url: shop.databaseUrl('order'), poolSize: 1 }, silent, createMetrics())
    const countOpen = async () => {
      const { rows } = await orders.query<{ open: number }>(
        `select count(*)::int as open from order_stream where status <> 'COMPLETED'`,
      )
      return rows[0]!.open
    }
    await measureLatency(client, 50)
    const { acceptP50Ms, completeP50Ms, completeP99Ms } = await measureLatency(client, 300)
    note('one shopper, order accepted p50', acceptP50Ms, 'ms', 1)
    note('one shopper, order COMPLETED p50', completeP50Ms, 'ms', 1)
    note('one shopper, order COMPLETED p99', completeP99Ms, 'ms', 1)
    await measureThroughput(client, countOpen, 500, 64)
    const { acceptedPerS, completedPerS } = await measureThroughput(client, countOpen, 4_000, 64)
    note('64 shoppers, orders accepted', acceptedPerS, 'a second')
    note('64 shoppers, orders COMPLETED', completedPerS, 'a second')
    await measureLatency(client, 50, 'two_phase')
    const twoPhase = await measureLatency(client, 300, 'two_phase')
    note('one shopper, order in two phases decided p50', twoPhase.acceptP50Ms, 'ms', 1)
    note('one shopper, order in two phases decided p99', twoPhase.acceptP99Ms, 'ms', 1)
    note('one shopper, order in two phases COMPLETED p50', twoPhase.completeP50Ms, 'ms', 1)
    note('one shopper, order in two phases COMPLETED p99', twoPhase.completeP99Ms, 'ms', 1)
    await measureThroughput(client, countOpen, 500, 64, 'two_phase')
    const both = await measureThroughput(client, countOpen, 4_000, 64, 'two_phase')
    note('64 shoppers, orders in two phases decided', both.acceptedPerS, 'a second')
    note('64 shoppers, orders in two phases COMPLETED', both.completedPerS, 'a second')
    await orders.close()
    // The cart's database has no traffic now; its own relays are stopped so that the shards are ours.
    for (const { instance, service } of shop.instances()) if (service === 'cart') await shop.remove(instance)
    const ack = await measureCommitToAck(shop.databaseUrl('cart'), [shop.brokers], 500)
    note("commit to Kafka's ack, own shard p50", ack.ownP50Ms, 'ms', 1)
    note("commit to Kafka's ack, own shard p99", ack.ownP99Ms, 'ms', 1)
    note("commit to Kafka's ack, other instance's shard p50", ack.otherP50Ms, 'ms', 1)
    note("commit to Kafka's ack, other instance's shard p99", ack.otherP99Ms, 'ms', 1)
  } finally {
    await client.close()
    await shop.stop()
  }
} finally {
  await rm(stateDir, { recursive: true, force: true })
}
const width = Math.max(...rows.map(([what]) => what.length))
for (const [what, value] of rows) console.log(`${what.padEnd(width)}  ${value}`)
