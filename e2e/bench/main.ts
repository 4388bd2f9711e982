import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Mode } from '@lepton/contracts/fields'
import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient } from '@lepton/testing/shop-client'
import { releaseBefore } from '../config.ts'
import { operatorOf, withShop } from './bench-shop.ts'
import { measureCommitToAck } from './commit-to-ack.ts'
import { measureRaids } from './hostile.ts'
import { measureFloor } from './floor.ts'
import { measureHotSku } from './hot-sku.ts'
import { measureNodes, measureUpdate } from './nodes/nodes.ts'
import { measureLatency, measureThroughput, ordersOf } from './orders.ts'
import { measureOutboxDrain } from './outbox-drain.ts'
import { measurePatterns } from './patterns.ts'
import { measureOverload } from './overload.ts'
import { measureProfile } from './profile.ts'
import { copyOrders, measureRebuild } from './rebuild.ts'
import { reconciled } from './reconciled.ts'
import { measureScaling } from './scaling.ts'
import { measureServices } from './services.ts'
import { measureSizes } from './sizes.ts'
import { measureStarts } from './starts.ts'
import { add, note, printTable } from './table.ts'
import { measureTracing } from './traces.ts'
import { measureTakeover } from './takeover.ts'
import { measureDrain, measureQueues } from './queues.ts'
import { measureLayers } from './layers.ts'
import { inMs, inPercent, stationRows } from './queue-rows.ts'
import { rowsOf } from './takeover-rows.ts'
import { measureWeb } from './web/web.ts'

// Measures shops of its own, on free ports and in temporary directories, and prints one table.
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

async function measureOrders(stateDir: string): Promise<void> {
  await withShop(stateDir, async (shop, client) => {
    await measureMode(shop, client, 'saga', 'order accepted')
    await measureMode(shop, client, 'two_phase', 'order in two phases decided')
  })
}

async function measureOutbox(stateDir: string): Promise<void> {
  await withShop(stateDir, async (shop) => {
    // No other process relays from the cart's database then, and none consumes what is published.
    for (const { instance, service } of shop.instances()) {
      if (service !== 'gateway' && service !== 'psp') await shop.remove(instance)
    }
    const ack = await measureCommitToAck(shop.databaseUrl('cart'), shop.kafka, 500)
    note("commit to Kafka's ack p50", ack.p50Ms, 'ms', 1)
    note("commit to Kafka's ack p99", ack.p99Ms, 'ms', 1)
    const { drainedPerS, publishedPerS } = await measureOutboxDrain(
      shop.databaseUrl('cart'),
      shop.kafka,
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

/** What is done at 0.5 to 10 times what the shop can take; `pnpm shop reconcile`'s invariants hold afterwards. */
async function measureOverloads(stateDir: string): Promise<void> {
  await withShop(stateDir, async (shop, client) => {
    const { capacityPerS, steps } = await measureOverload(shop, client, [0.5, 1, 2, 5, 10])
    note('capacity, 32 shoppers without pause', capacityPerS, 'COMPLETED a second')
    for (const step of steps) {
      const { factor, offeredPerS, acceptedPerS, completedPerS } = step
      add(
        `${factor} × capacity: offered ${Math.round(offeredPerS)}/s`,
        `accepted ${acceptedPerS.toFixed(1)}/s, COMPLETED ${completedPerS.toFixed(1)}/s; ` +
          `accepted p50 ${step.acceptedP50Ms.toFixed(0)} ms, p99 ${step.acceptedP99Ms.toFixed(0)} ms; ` +
          `refused p99 ${step.refusedP99Ms.toFixed(0)} ms, ${step.unsaid} without Retry-After; ` +
          `normal after ${step.normalAfterS.toFixed(1)} s; failed: ${step.failed.join(', ') || 'none'}`,
      )
    }
    add('  reconcile', await reconciled(await operatorOf(shop, client)))
  })
}

/** The state of all orders, made again from their streams while the shop sells; once more with a process killed halfway. */
async function measureRebuilds(stateDir: string): Promise<void> {
  await withShop(stateDir, async (shop, client) => {
    const operator = await operatorOf(shop, client)
    const copies = await copyOrders(shop, client, 100_000)
    const kill = () => shop.kill('order-1', 'SIGKILL')
    for (const [what, midway] of [
      ['', undefined],
      [', order-1 killed halfway', kill],
    ] as const) {
      const { run, tookS, placed, unfinished, reads, wrong, failed } = await measureRebuild(
        shop,
        client,
        operator,
        copies,
        midway,
      )
      add(
        `${run.orders} orders rebuilt from ${run.facts} facts${what}`,
        `${tookS.toFixed(1)} s, bytes ${run.digest_before === run.digest_after ? 'equal' : 'DIFFERENT'}; ` +
          `${placed} orders placed, ${unfinished} not COMPLETED; ${reads} reads, ${wrong} wrong, ${failed} without an answer`,
      )
    }
  })
}

/** One fault at a time, on a shop that is ordered from all the time. */
async function measureTakeovers(stateDir: string): Promise<void> {
  await withShop(stateDir, async (shop, client) => {
    for (const [what, value] of rowsOf(await measureTakeover(shop, client))) add(what, value)
  })
}

/** What a guest pays for another one's attacks. */
async function measureHostile(stateDir: string): Promise<void> {
  const { quietP99Ms, raided, pages } = await measureRaids(stateDir)
  for (const { what, failures, refused, lost, p99Ms } of raided) {
    add(
      `an innocent guest beside ${what}`,
      `p99 ${p99Ms.toFixed(1)} ms, quiet ${quietP99Ms.toFixed(1)} ms (${(p99Ms / quietP99Ms).toFixed(1)} ×); ` +
        `failed requests ${failures}, refused for a moment ${refused}, lost orders ${lost}`,
    )
  }
  const [series, tookMs] = [pages.map((page) => page.series), pages.map((page) => page.tookMs)]
  add('/metrics afterwards, at most', `${Math.max(...series)} series, ${Math.max(...tookMs).toFixed(1)} ms`)
}

/** The consumers as queues under growing load: what Erlang's formula foretells beside what is measured. */
async function measureModel(stateDir: string): Promise<void> {
  await withShop(stateDir, async (shop, client) => {
    const operator = await operatorOf(shop, client)
    for (const { perS, stations, path } of await measureQueues(client, operator, [5, 10, 20]))
      for (const [what, value] of stationRows(perS, stations, path)) add(what, value)
    for (const [index, name] of ['to learn its best pace', 'predicted'].entries()) {
      const { backlog, predictedS, measuredS } = await measureDrain(shop, client, operator, 20)
      const predicted = predictedS === null || index === 0 ? '' : `, predicted ${inMs(predictedS * 1_000)}`
      const error =
        predictedS === null || index === 0 ? '' : `, error ${inPercent(predictedS / measuredS - 1)}`
      add(`drain ${name}, ${backlog} records`, `${inMs(measuredS * 1_000)} measured${predicted}${error}`)
    }
  })
}

/** The mesh beside others that do the same, which prints tables of its own. */
function measureMesh(kind: 'mesh' | 'faults'): () => Promise<void> {
  const main = fileURLToPath(new URL(`../../packages/common/bench/${kind}/main.ts`, import.meta.url))
  return () => Promise.resolve(void execFileSync(process.execPath, [main], { stdio: 'inherit' }))
}

const SECTIONS: Record<string, (stateDir: string) => Promise<void>> = {
  start: measureStarts,
  orders: measureOrders,
  outbox: measureOutbox,
  'hot-sku': measureOneProduct,
  patterns: measurePatterns,
  takeover: measureTakeovers,
  overload: measureOverloads,
  rebuild: measureRebuilds,
  hostile: measureHostile,
  web: measureWeb,
  traces: measureTracing,
  wire: measureLayers,
  queues: measureModel,
  scaling: measureScaling,
  services: measureServices,
  floor: (stateDir) => measureFloor(stateDir),
  // Five minutes, in which the shop is slower for being watched.
  profile: measureProfile,
  // Six minutes with 150 000 orders, and more with the million that it has otherwise.
  sizes: measureSizes,
  // On the three nodes of `pnpm cluster`, which stay: three minutes, and two.
  nodes: measureNodes,
  update: () => measureUpdate(releaseBefore()),
  // Half an hour at five rounds; ten minutes.
  mesh: measureMesh('mesh'),
  faults: measureMesh('faults'),
}

/** Measured only when they are named. */
const BY_NAME = new Set(['profile', 'sizes', 'nodes', 'update', 'mesh', 'faults'])

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean', short: 'h', default: false } },
})
const wanted =
  positionals.length > 0 ? positionals : Object.keys(SECTIONS).filter((name) => !BY_NAME.has(name))
const unknown = wanted.filter((name) => !Object.hasOwn(SECTIONS, name))
if (values.help || unknown.length > 0) {
  console.error(
    `pnpm bench [section …]    measures a shop of its own; an hour for all but those that are named alone: ${[...BY_NAME].join(', ')}\n\nsections: ${Object.keys(SECTIONS).join(', ')}`,
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
printTable()
