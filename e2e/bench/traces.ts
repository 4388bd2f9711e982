import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient, Shopper } from '@lepton/testing/shop-client'
import { cpuSeconds, processesOf, sum } from './processes.ts'
import { operatorOf, withShop } from './bench-shop.ts'
import { percentile } from './percentiles.ts'
import { inPercent } from './queue-rows.ts'
import { startOrders } from './steady-orders.ts'
import { add, note } from './table.ts'

const PER_S = 20
const ROUND_MS = 12_000
/** Until every process has the setting, and the orders of the round before are settled. */
const SETTLE_MS = 3_000

interface TraceCost {
  ratio: number
  /** CPU of an order (ms) in each round, all processes and servers of the shop together. */
  cpuMs: number[]
}

/** What tracing costs: the same orders with none, some and all of their traces sampled, in turns on one shop. */
async function measureTraces(
  shop: Shop,
  client: ShopClient,
  operator: Shopper,
  ratios: readonly number[],
  rounds: number,
): Promise<TraceCost[]> {
  const costs = ratios.map((ratio): TraceCost => ({ ratio, cpuMs: [] }))
  const pids = processesOf(shop).flatMap((one) => one.pids)
  // The first round warms the shop up.
  for (let round = 0; round <= rounds; round++) {
    for (const { ratio, cpuMs } of costs) {
      const { status } = await operator.ask('PUT', '/api/v1/ops/settings', {
        key: randomUUID(),
        body: {
          key: 'processes/gateway',
          value: JSON.stringify({ trace_sample_ratio: ratio }),
          reason: 'pnpm bench traces',
        },
      })
      if (status !== 200) throw new Error(`the share of traces could not be set: ${status}`)
      await delay(SETTLE_MS)
      const before = sum(pids, cpuSeconds)
      const orders = await startOrders(client, PER_S)
      await delay(ROUND_MS)
      const asked = await orders.stop()
      await delay(SETTLE_MS)
      if (round > 0) cpuMs.push(((sum(pids, cpuSeconds) - before) * 1_000) / asked.length)
    }
  }
  return costs
}

const median = (values: readonly number[]) => percentile(values, 0.5)

/** What spans cost, at the share of traces that are sampled. */
export async function measureTracing(stateDir: string): Promise<void> {
  await withShop(stateDir, async (shop, client) => {
    const operator = await operatorOf(shop, client)
    const [none, ...others] = await measureTraces(shop, client, operator, [0, 0.01, 1], 5)
    note('CPU of an order, no trace sampled, median of 5 rounds', median(none!.cpuMs), 'ms', 1)
    for (const { ratio, cpuMs } of others) {
      const gains = cpuMs.map((ms, round) => ms / none!.cpuMs[round]! - 1).sort((a, b) => a - b)
      const [least, most] = [gains[0]!, gains.at(-1)!]
      add(
        `  ${ratio * 100} % of the traces sampled`,
        `${median(cpuMs).toFixed(1)} ms, ${inPercent(median(gains))} (${inPercent(least)} to ${inPercent(most)})`,
      )
    }
  })
}
