import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Failpoint, FAILPOINTS } from '@lepton/common/runtime/fault-injection'
import { createShopClient, type ShopClient } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import type { ChaosShop } from '../chaos-shop.ts'
import { collectFacts } from '../collect/facts.ts'
import { untilQuiet } from '../collect/quiet.ts'
import type { Actor, Goods } from '../driver/acts.ts'
import { enter, signIn } from '../driver/customer.ts'
import type { History } from '../history.ts'
import { check } from '../invariants/check.ts'
import type { Facts, Violation } from '../invariants/facts.ts'
import { discardPoison } from '../nemesis/discard-poison.ts'
import { poisonLatestOrder } from '../nemesis/messages.ts'
import type { Random } from '../random.ts'
import { everythingReady } from '../ready.ts'
import { whyUnreachable } from './reach.ts'
import { SCENARIOS, type ScenarioName } from './scenarios.ts'

const QUIET_TIMEOUT_MS = 60_000
const REQUEST_TIMEOUT_MS = 8_000
/** What a scenario sets off goes on after its order is final. */
const LATE_VISIT_MS = 1_500
const POISON_DELAY_MS = 50
const TIDY_EVERY_MS = 200

export interface Visit {
  failpoint: Failpoint
  scenario: ScenarioName
  outcome: 'visited' | 'unreachable' | 'missed' | 'failed'
  tookMs: number
  detail?: string
}

export interface VisitOptions {
  failpoints: readonly Failpoint[]
  scenarios: readonly ScenarioName[]
  goods: Goods
  history: History
  random: Random
  note: (line: string) => void
}

/** Kills a process at each failpoint during each kind of operation, and checks everything after each failpoint. */
export async function visitAll(
  shop: ChaosShop,
  { failpoints, scenarios, goods, history, random, note }: VisitOptions,
): Promise<{ visits: Visit[]; violations: Violation[]; facts: Facts }> {
  const visits: Visit[] = []
  let facts: Facts | undefined
  const client = createShopClient(shop.gateways()[0]!, { connections: 16, timeoutMs: REQUEST_TIMEOUT_MS })
  try {
    for (const failpoint of failpoints) {
      for (const scenario of scenarios) {
        shop.signal.throwIfAborted()
        const actor = await createActor(client, shop, { goods, history, random, process: visits.length })
        const visit = await visitOne(shop, failpoint, scenario, actor)
        visits.push(visit)
        note(
          `${failpoint} × ${scenario}: ${visit.outcome} ${visit.tookMs.toFixed(0)} ms ${visit.detail ?? ''}`,
        )
      }
      const quiet = await untilQuiet(shop, QUIET_TIMEOUT_MS, () => discardPoison(shop))
      facts = await collectFacts(shop, history, { stockSamples: [], quietAfterMs: quiet.afterMs })
      const violations = check(facts)
      if (violations.length > 0) return { visits, violations, facts }
    }
    return { visits, violations: [], facts: facts! }
  } finally {
    await client.close()
  }
}

async function createActor(
  client: ShopClient,
  shop: ChaosShop,
  rest: Pick<Actor, 'goods' | 'history' | 'random' | 'process'>,
): Promise<Actor> {
  const customer = await until('a customer', () => enter(client, Infinity), { timeoutMs: QUIET_TIMEOUT_MS })
  const operatorToken = await until('the operator', () => signIn(client, shop.operatorSecret))
  return { ...rest, client, customer, operatorToken, twoPhaseShare: 0 }
}

async function visitOne(
  shop: ChaosShop,
  failpoint: Failpoint,
  scenario: ScenarioName,
  actor: Actor,
): Promise<Visit> {
  const startedAt = performance.now()
  const visit = (outcome: Visit['outcome'], detail?: string): Visit => ({
    failpoint,
    scenario,
    outcome,
    tookMs: performance.now() - startedAt,
    ...(detail !== undefined && { detail }),
  })
  const reason = whyUnreachable(failpoint, scenario)
  if (reason !== undefined) return visit('unreachable', reason)

  const file = join(shop.failpointsDir, failpoint)
  writeFileSync(file, 'exit')
  const isVisited = () => !existsSync(file)
  try {
    const work = SCENARIOS[scenario](actor)
    await (failpoint.startsWith('dlq.') ? amongPoison(shop, work) : work)
    await until('the visit', isVisited, { timeoutMs: LATE_VISIT_MS }).catch(() => undefined)
    if (!isVisited()) return visit('missed', 'no process passed')
    await restartFallen(shop)
    return visit('visited')
  } catch (error) {
    return visit('failed', (error as Error).message)
  } finally {
    rmSync(file, { force: true })
  }
}

/** While an order is in progress something unreadable comes under its key, and an operator discards it wherever it is dead. */
async function amongPoison(shop: ChaosShop, work: Promise<void>): Promise<void> {
  let isOver = false
  const tidying = (async () => {
    await delay(POISON_DELAY_MS)
    await poisonLatestOrder(shop)
    while (!isOver) {
      // A service that is being restarted is asked again.
      await discardPoison(shop).catch(() => undefined)
      await delay(TIDY_EVERY_MS)
    }
  })()
  await work.finally(() => (isOver = true))
  await tidying
}

/** Spares the next visit the launcher's growing patience with what crashes again and again. */
async function restartFallen(shop: ChaosShop): Promise<void> {
  for (const { instance, status } of shop.instances()) {
    if (status === 'backing_off') await shop.restart(instance)
  }
  await everythingReady(shop)
}

export function namesOf(only: readonly string[] | undefined): Failpoint[] {
  return FAILPOINTS.filter((name) => only === undefined || only.some((part) => name.startsWith(part)))
}
