import { setTimeout as delay } from 'node:timers/promises'
import { OrderCompleted } from '@lepton/contracts/order'
import type { Shop } from '@lepton/local/shop-types'
import { DATABASE_OWNERS } from '@lepton/setup/services'
import type { ShopClient } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { readMessaging } from '../chaos/collect/databases.ts'
import { untilQuiet } from '../chaos/collect/quiet.ts'
import { dumpTopics } from '../chaos/collect/topics.ts'
import { waysOf } from '../chaos/collect/waits.ts'
import { isSettled, type Member, membersOf } from './settled.ts'
import { type Asked, startOrders } from './steady-orders.ts'
import { BUSY, type Round, judge, LEAD_MS, type Takeover } from './takeover-figures.ts'

const ORDERS_PER_S = 15
const HEALTHY_MS = 3_000
const SETTLE = { timeoutMs: 60_000, everyMs: 250 }
/** So soon after a fault nothing has waited long enough to be missed. */
const TELLING_MS = 3_000
const QUIET_TIMEOUT_MS = 60_000

/** One fault after the other, three times each, on a shop that is ordered from all the time and healthy before each. */
export async function measureTakeover(shop: Shop, client: ShopClient): Promise<Takeover[]> {
  const orders = await startOrders(client, ORDERS_PER_S)
  const rounds: Round[] = []
  let asked: readonly Asked[]
  try {
    for (const service of BUSY) {
      rounds.push(
        await watchHealthy(shop),
        await harmInstance(shop, 'restarted', service),
        await harmInstance(shop, 'killed', service),
        await harmInstance(shop, 'silent', service),
        await killServer(shop, 'kafka'),
        await killServer(shop, 'postgres'),
      )
    }
  } finally {
    asked = await orders.stop()
  }
  const { ways, completedAt } = await whatHappened(shop)
  return rounds.map((round) => judge(round, ways, asked, completedAt))
}

/** How long each event was on its way, and when each order was completed, once nothing is on its way any more. */
async function whatHappened({ databaseUrl, kafka }: Shop) {
  const { signal } = new AbortController()
  const quiet = await untilQuiet({ databaseUrl, kafka, signal }, QUIET_TIMEOUT_MS, () => Promise.resolve())
  if (quiet.afterMs === undefined) throw new Error(`the shop is not quiet: ${quiet.left.join(', ')}`)
  const [messaging, log] = await Promise.all([readMessaging(databaseUrl), dumpTopics(kafka)])
  const completed = messaging.archives.order.filter(({ type }) => type === OrderCompleted.type)
  return {
    ways: waysOf({ ...messaging, log }),
    completedAt: new Map(completed.map(({ key, created_ms }) => [key, created_ms])),
  }
}

async function watchHealthy(shop: Shop): Promise<Round> {
  await healthy(shop)
  const atMs = Date.now()
  await delay(HEALTHY_MS)
  return { fault: 'none', atMs, overAtMs: Date.now(), owners: DATABASE_OWNERS }
}

async function harmInstance(
  shop: Shop,
  fault: 'restarted' | 'killed' | 'silent',
  service: (typeof BUSY)[number],
): Promise<Round> {
  await healthy(shop)
  const { instance } = shop.instances().find((one) => one.service === service)!
  const members = await until('the groups to be stable', () => membersOf(shop), SETTLE)
  const gone = members.filter((member) => member.instance === instance)
  const atMs = Date.now()
  if (fault === 'silent') shop.pause(instance)
  else shop.kill(instance)
  // The launcher does not start it again where the stop request comes before its end is seen.
  if (fault === 'killed') await shop.remove(instance)
  await settled(shop, gone)
  const overAtMs = Date.now()
  if (fault === 'silent') {
    shop.kill(instance)
    await shop.remove(instance)
  }
  if (fault !== 'restarted') await shop.add(service)
  return { fault, atMs, overAtMs, owners: [service] }
}

async function killServer(shop: Shop, name: 'kafka' | 'postgres'): Promise<Round> {
  await healthy(shop)
  const restarts = () => shop.servers().find((server) => server.name === name)!.restarts
  const before = restarts()
  const atMs = Date.now()
  shop.killServer(name)
  await until(`${name} to be started again`, () => restarts() > before)
  await delay(TELLING_MS)
  await settled(shop)
  return { fault: name, atMs, overAtMs: Date.now(), owners: DATABASE_OWNERS }
}

/** Nothing is left of the fault before; what begins from here on counts for the next one. */
async function healthy(shop: Shop): Promise<void> {
  await settled(shop)
  await delay(LEAD_MS)
}

async function settled(shop: Shop, gone: readonly Member[] = []): Promise<void> {
  await until('the shop to be as if nothing had happened', () => isSettled(shop, gone), SETTLE)
}
