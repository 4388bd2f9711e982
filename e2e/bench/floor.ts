import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient } from '@lepton/testing/shop-client'
import { withShop } from './bench-shop.ts'
import { calibrate } from './floor/calibrate.ts'
import { type Figures, startFloor } from './floor/measure.ts'
import type { Load } from './floor/process.ts'
import { percentile } from './percentiles.ts'
import { add } from './table.ts'

const ROUNDS = Number(process.env.FLOOR_ROUNDS ?? 3)
const LOADS: [string, Load][] = [
  ['2/s', { perS: 2, seconds: 15 }],
  ['10/s', { perS: 10, seconds: 15 }],
  ['30/s', { perS: 30, seconds: 10 }],
  ['one shopper', { orders: 150, shoppers: 1 }],
  ['64 shoppers', { orders: 2_000, shoppers: 64 }],
]
const SHOWN = 8

/** What an order costs beside the same business by bare drivers on the same servers, in turns. */
export async function measureFloor(stateDir: string, rounds = ROUNDS): Promise<void> {
  await withShop(stateDir, (shop, client) => compare(shop, client, rounds))
}

async function compare(shop: Shop, client: ShopClient, rounds: number): Promise<void> {
  const bench = await startFloor(shop, client)
  try {
    add('this machine: SHA-256 of 1 MiB', `${calibrate().toFixed(2)} ms`)
    for (const [name, load] of LOADS) {
      const pairs: { floor: Figures; shop: Figures }[] = []
      for (let round = 0; round < rounds; round++)
        pairs.push({ floor: await bench.floor(load), shop: await bench.shop(load) })
      show(name, pairs)
    }
  } finally {
    await bench.close()
  }
}

const cpuMs = ({ nodeMs, postgresMs, kafkaMs }: Figures) => nodeMs + postgresMs + kafkaMs
const median = (values: readonly number[]) => percentile(values, 0.5)

function show(name: string, pairs: readonly { floor: Figures; shop: Figures }[]): void {
  for (const who of ['floor', 'shop'] as const) {
    const figures = pairs.map((pair) => pair[who])
    const of = (what: (one: Figures) => number) => median(figures.map(what))
    add(
      `${name}, ${who}`,
      `${of(({ perS }) => perS).toFixed(1)}/s; CPU of an order ${of(cpuMs).toFixed(1)} ms (Node ${of(({ nodeMs }) => nodeMs).toFixed(1)}, ` +
        `PostgreSQL ${of(({ postgresMs }) => postgresMs).toFixed(1)}, Kafka ${of(({ kafkaMs }) => kafkaMs).toFixed(1)}); ` +
        `${of(({ transactions }) => transactions).toFixed(1)} transactions, ${of(({ kafkaRequests }) => kafkaRequests).toFixed(1)} Kafka requests, ` +
        `${of(({ wakeUps }) => wakeUps).toFixed(0)} wake-ups` +
        (figures[0]!.p50Ms === undefined
          ? ''
          : `; COMPLETED p50 ${of(({ p50Ms }) => p50Ms ?? 0).toFixed(1)} ms`),
    )
  }
  const ratio = (of: (one: Figures) => number) => {
    const ratios = pairs.map(({ shop, floor }) => of(shop) / of(floor))
    return `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`
  }
  const latency =
    pairs[0]!.shop.p50Ms === undefined ? '' : `, COMPLETED p50 ${ratio(({ p50Ms }) => p50Ms ?? 0)}`
  add(`  shop ÷ floor`, `CPU ${ratio(cpuMs)}, orders a second ${ratio(({ perS }) => perS)}${latency}`)
  const { costs, orders } = pairs.at(-1)!.shop
  add(
    '  CPU by process',
    most(costs.cpuS, (seconds) => `${((seconds * 1_000) / orders).toFixed(1)} ms`),
  )
  add(
    '  woken, by process',
    most(costs.wakeUps, (count) => (count / orders).toFixed(0)),
  )
  add(
    '  Kafka requests by kind',
    most(costs.kafkaRequests, (count) => (count / orders).toFixed(1)),
  )
}

function most(values: ReadonlyMap<string, number>, format: (value: number) => string): string {
  return [...values]
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN)
    .map(([name, value]) => `${name} ${format(value)}`)
    .join(', ')
}
