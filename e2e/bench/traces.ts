import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient, Shopper } from '@lepton/testing/shop-client'
import { cpuSeconds, processesOf, sum } from './processes.ts'
import { startOrders } from './steady-orders.ts'

const PER_S = 20
const ROUND_MS = 12_000
/** Until every process has the setting, and the orders of the round before are settled. */
const SETTLE_MS = 3_000

export interface TraceCost {
  ratio: number
  /** CPU of an order (ms) in each round, all processes and servers of the shop together. */
  cpuMs: number[]
}

/** What tracing costs: the same orders with none, some and all of their traces sampled, in turns on one shop. */
export async function measureTraces(
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
