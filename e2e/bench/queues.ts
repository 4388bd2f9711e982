import { setTimeout as delay } from 'node:timers/promises'
import { createLog } from '@lepton/common/runtime/log'
import type { Queues, Station } from '@lepton/contracts/streams'
import { createLagReader } from '@lepton/events/kafka/lag'
import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient, Shopper } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { startOrders } from './steady-orders.ts'

/** The windows of ops are a minute long. */
const SETTLE_MS = 75_000
/** Orders are accepted without it. */
const READER = { service: 'payment', topic: 'order.v1' } as const
/** Until the best pace is known, and shorter than a member's session: to join again takes longer than to drain. */
const LEARN_S = 10
const PAUSE_S = 6
const DRAIN_TIMEOUT_MS = 120_000

export interface LoadStep {
  perS: number
  stations: Station[]
  path: Queues['path']
}

export interface Drain {
  backlog: number
  predictedS: number | null
  measuredS: number
}

const read = async <T>(operator: Shopper, path: string): Promise<T> =>
  (await operator.ask<T>('GET', `/api/v1${path}`)).body

/** Orders at each pace, until the figures are of that pace alone; the first one is the rest that others are compared with. */
export async function measureQueues(
  client: ShopClient,
  operator: Shopper,
  paces: readonly number[],
): Promise<LoadStep[]> {
  const steps: LoadStep[] = []
  for (const perS of paces) {
    const orders = await startOrders(client, perS)
    await delay(SETTLE_MS)
    const { stations, path } = await read<Queues>(operator, '/ops/queues')
    await orders.stop()
    steps.push({ perS, stations, path })
  }
  return steps
}

/**
 * A consumer is paused under orders; how long its backlog takes afterwards, by the formula and by the clock. Its best
 * pace is known from an earlier one.
 */
export async function measureDrain(
  shop: Shop,
  client: ShopClient,
  operator: Shopper,
  perS: number,
): Promise<Drain> {
  const lags = createLagReader(
    { ...shop.kafka, clientId: 'bench' },
    createLog({ service: 'bench', instance: 'bench', level: 'silent' }),
  )
  const backlogOf = async () =>
    (await lags.read([{ group: READER.service, topics: [READER.topic] }])).reduce(
      (sum, { end, committed }) => sum + end - committed,
      0,
    )
  const orders = await startOrders(client, perS)
  try {
    await delay(LEARN_S * 1_000)
    const { stations } = await read<Queues>(operator, '/ops/queues')
    const { servers, best_per_s, arrivals_per_s } = stations.find(
      ({ service, topic }) => service === READER.service && topic === READER.topic,
    )!
    const instances = shop.instances().filter(({ service }) => service === READER.service)
    for (const { instance } of instances) shop.pause(instance)
    await delay(PAUSE_S * 1_000)
    const backlog = await backlogOf()
    const startedAtMs = performance.now()
    for (const { instance } of instances) shop.resume(instance)
    // What is handled is committed 200 ms later, so that some of what has just come is always open.
    await until('the backlog is gone', async () => (await backlogOf()) <= perS, {
      timeoutMs: DRAIN_TIMEOUT_MS,
      everyMs: 20,
    })
    const measuredS = (performance.now() - startedAtMs) / 1_000
    const room = (servers ?? 0) * (best_per_s ?? 0) - (arrivals_per_s ?? 0)
    return { backlog, predictedS: room > 0 ? backlog / room : null, measuredS }
  } finally {
    await orders.stop()
    await lags.close()
  }
}
