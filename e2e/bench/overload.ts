import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { weigh } from '@lepton/local/priority'
import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { createOpenLoop } from './open-loop.ts'
import { measureThroughput, ordersOf, stocked } from './orders.ts'
import { percentile } from './percentiles.ts'

const SHOPPERS = 200
const STEP_MS = 20_000
/** Requests begin as their time comes, however many are unanswered. */
const TICK_MS = 5
/** An order that takes longer than this to be accepted or completed is not what a quiet shop does. */
const NORMAL_MS = 1_000

export interface OverloadStep {
  factor: number
  offeredPerS: number
  acceptedPerS: number
  completedPerS: number
  acceptedP50Ms: number
  acceptedP99Ms: number
  refusedP99Ms: number
  /** Of the refusals: those without `Retry-After`, and answers or failures that are no refusal. */
  unsaid: number
  failed: string[]
  /** From the end of the load until every accepted order is settled and one more completes as on a quiet day. */
  normalAfterS: number
}

/** Offers multiples of what the shop can take, open loop: a request is sent when its time has come. */
export async function measureOverload(
  shop: Shop,
  client: ShopClient,
  factors: readonly number[],
): Promise<{ capacityPerS: number; steps: OverloadStep[] }> {
  // The clients are elsewhere: that this process waits for a processor is not the shop's latency.
  weigh(process.pid, -10)
  const orders = ordersOf(shop)
  const crowd = createOpenLoop(shop.urls.gateway)
  const items = await stocked(client)
  const tokens = await Promise.all(
    Array.from({ length: SHOPPERS }, () => client.shopper().then(({ token }) => token)),
  )
  await measureThroughput(client, orders.count, 500, 32)
  const { completedPerS: capacityPerS } = await measureThroughput(client, orders.count, 2_000, 32)
  const steps: OverloadStep[] = []
  for (const factor of factors) steps.push(await offer(factor))
  crowd.close()
  await orders.close()
  return { capacityPerS, steps }

  async function offer(factor: number): Promise<OverloadStep> {
    const offeredPerS = factor * capacityPerS
    const accepted: number[] = []
    const refused: number[] = []
    const failed = new Map<string, number>()
    const inFlight = new Set<Promise<void>>()
    let unsaid = 0

    async function place(index: number): Promise<void> {
      try {
        const headers = {
          authorization: `Bearer ${tokens[index % tokens.length]}`,
          'content-type': 'application/json',
          'idempotency-key': randomUUID(),
        }
        const lines = [{ item_id: items[index % items.length], quantity: 1 }]
        const body = JSON.stringify({ lines, payment_token: 'tok_approved' })
        const { status, hasRetryAfter, ms } = await crowd.post('/api/v1/orders', headers, body)
        if (status === 202) accepted.push(ms)
        else if (status === 503 || status === 429) {
          refused.push(ms)
          if (!hasRetryAfter) unsaid += 1
        } else count(failed, String(status))
      } catch (error) {
        count(failed, (error as Error).message)
      }
    }

    const before = await orders.count()
    const startedAt = performance.now()
    for (let sent = 0; performance.now() - startedAt < STEP_MS; await delay(TICK_MS)) {
      const due = Math.floor(((performance.now() - startedAt) / 1_000) * offeredPerS)
      for (; sent < due; sent++) {
        const request = place(sent)
        inFlight.add(request)
        void request.finally(() => inFlight.delete(request))
      }
    }
    const completed = (await orders.count()).completed - before.completed
    const tookS = (performance.now() - startedAt) / 1_000
    const endedAt = performance.now()
    await Promise.all(inFlight)
    await until('every order to be final', async () => (await orders.count()).open === 0, {
      timeoutMs: 180_000,
    })
    await until('an order as on a quiet day', isNormal, { timeoutMs: 60_000 })
    return {
      factor,
      offeredPerS,
      acceptedPerS: accepted.length / tookS,
      completedPerS: completed / tookS,
      acceptedP50Ms: percentile(accepted, 0.5),
      acceptedP99Ms: percentile(accepted, 0.99),
      refusedP99Ms: refused.length === 0 ? 0 : percentile(refused, 0.99),
      unsaid,
      failed: [...failed].map(([what, times]) => `${what} × ${times}`),
      normalAfterS: (performance.now() - endedAt) / 1_000,
    }
  }

  async function isNormal(): Promise<boolean> {
    const shopper = await client.shopper()
    const startedAt = performance.now()
    const id = await shopper.place([{ item_id: items[0]!, quantity: 1 }])
    await shopper.settled(id, ['COMPLETED'])
    return performance.now() - startedAt < NORMAL_MS
  }
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1)
}
