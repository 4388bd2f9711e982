import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { askDatabase } from '../../chaos/collect/ask-database.ts'
import { measureLatency, measureThroughput, ordersOf } from '../orders.ts'
import { percentile } from '../percentiles.ts'
import { startOrders } from '../steady-orders.ts'
import { add } from '../table.ts'
import { type Costs, costsOf, total, used } from './costs.ts'
import type { Load, Run } from './process.ts'

const IDLE_MS = 10_000
/** A backend of PostgreSQL reports its counts after a second of work, or when it was idle for ten. */
const COUNTED_MS = 2_000
const REPORTED_MS = 12_000
/** Compiled code is several times as fast as interpreted code, and the shop's ten processes share the work that heats it. */
const WARM_UP = { orders: 3_000, shoppers: 32 }
const SERVERS = ['postgres', 'kafka', 'consul']

export interface Figures {
  orders: number
  perS: number
  /** Until COMPLETED, where orders were watched. */
  p50Ms: number | undefined
  /** An order: CPU (ms) of Node and of each server, transactions, requests to Kafka, and times a process was woken. */
  nodeMs: number
  postgresMs: number
  kafkaMs: number
  transactions: number
  kafkaRequests: number
  wakeUps: number
  costs: Costs
}

export interface FloorBench {
  floor(load: Load): Promise<Figures>
  shop(load: Load): Promise<Figures>
  close(): Promise<void>
}

/** A floor on the servers of a shop; both idle from then on, which is what is taken off from what they use. */
export async function startFloor(shop: Shop, client: ShopClient): Promise<FloorBench> {
  const address = shop.servers().find(({ name }) => name === 'postgres')!.address
  await askDatabase(address, async (ask) => {
    await ask('drop database if exists floor')
    await ask('create database floor')
  })
  const url = new URL(address)
  url.pathname = '/floor'
  const child = fork(fileURLToPath(new URL('process.ts', import.meta.url)), [
    url.href,
    JSON.stringify(shop.kafka),
  ])
  await messageOf(child)
  const orders = ordersOf(shop)
  await runFloor(child, WARM_UP)
  await measureThroughput(client, orders.count, WARM_UP.orders, WARM_UP.shoppers)
  const costs = () => costsOf(shop, { floor: child.pid! })
  // Or what the warm-up did would be counted as idle.
  await delay(REPORTED_MS)
  const before = await costs()
  await delay(IDLE_MS)
  const idle = used(before, await costs(), undefined, 0)

  async function figuresOf(who: 'floor' | 'shop', work: () => Promise<Done>): Promise<Figures> {
    const startedAtMs = performance.now()
    const begun = await costs()
    const done = await work()
    await delay(COUNTED_MS)
    const share = (performance.now() - startedAtMs) / IDLE_MS
    const all = used(begun, await costs(), idle, share)
    const ofShop = [...all.cpuS].filter(([name]) => name !== 'floor' && !SERVERS.includes(name))
    const anOrder = (value: number) => value / done.orders
    const cpuMs = (name: string) => anOrder((all.cpuS.get(name) ?? 0) * 1_000)
    const isFloor = who === 'floor'
    return {
      orders: done.orders,
      perS: done.perS,
      p50Ms: done.p50Ms,
      nodeMs: isFloor ? cpuMs('floor') : anOrder(total(new Map(ofShop)) * 1_000),
      postgresMs: cpuMs('postgres'),
      kafkaMs: cpuMs('kafka'),
      transactions: anOrder(isFloor ? done.transactions! : all.transactions),
      kafkaRequests: anOrder(isFloor ? done.kafkaRequests! : total(all.kafkaRequests)),
      wakeUps: anOrder(isFloor ? all.wakeUps.get('floor')! : total(all.wakeUps) - all.wakeUps.get('floor')!),
      costs: all,
    }
  }

  async function runShop(load: Load): Promise<Done> {
    if ('perS' in load) {
      const steady = await startOrders(client, load.perS)
      await delay(load.seconds * 1_000)
      const asked = await steady.stop()
      await until('every order to be final', async () => (await orders.count()).open === 0)
      const accepted = asked.filter(({ status }) => status === 202).length
      const refused = asked.filter(({ status }) => status !== 202).map(({ status }) => status ?? 'no answer')
      if (refused.length > 0)
        add(`  refused at ${load.perS}/s`, `${refused.length}: ${[...new Set(refused)].join(', ')}`)
      return { orders: accepted, perS: load.perS, p50Ms: undefined }
    }
    if (load.shoppers === 1) {
      const startedAtMs = performance.now()
      const { completeP50Ms } = await measureLatency(client, load.orders)
      const perS = (load.orders * 1_000) / (performance.now() - startedAtMs)
      return { orders: load.orders, perS, p50Ms: completeP50Ms }
    }
    const { completedPerS } = await measureThroughput(client, orders.count, load.orders, load.shoppers)
    return { orders: load.orders, perS: completedPerS, p50Ms: undefined }
  }

  return {
    floor: (load) => figuresOf('floor', () => runFloor(child, load)),
    shop: (load) => figuresOf('shop', () => runShop(load)),
    close: async () => {
      child.disconnect()
      await once(child, 'exit')
      await orders.close()
    },
  }
}

interface Done {
  orders: number
  perS: number
  p50Ms: number | undefined
  transactions?: number
  kafkaRequests?: number
}

/** @throws Error when it ends instead: nothing would come any more */
async function messageOf(child: ChildProcess): Promise<unknown> {
  const over = new AbortController()
  const ended = once(child, 'exit', { signal: over.signal }).then(([code]) => {
    throw new Error(`the floor ended with ${String(code)}`)
  })
  try {
    const [message] = (await Promise.race([
      once(child, 'message', { signal: over.signal }),
      ended,
    ])) as unknown[]
    return message
  } finally {
    over.abort()
    // It ends with the abort.
    ended.catch(() => undefined)
  }
}

async function runFloor(child: ChildProcess, load: Load): Promise<Done> {
  child.send(load)
  const run = (await messageOf(child)) as Run
  const orders = run.latenciesMs.length
  return {
    ...run,
    orders,
    perS: (orders * 1_000) / run.tookMs,
    p50Ms: percentile(run.latenciesMs, 0.5),
  }
}
