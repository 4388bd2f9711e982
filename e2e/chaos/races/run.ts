import { setTimeout as delay } from 'node:timers/promises'
import { createShopClient } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import type { ChaosArgs } from '../args.ts'
import { startChaosShop } from '../chaos-shop.ts'
import { collectFacts } from '../collect/facts.ts'
import { untilQuiet } from '../collect/quiet.ts'
import type { Actor } from '../driver/acts.ts'
import { enter } from '../driver/customer.ts'
import { check } from '../invariants/check.ts'
import { spellViolations, table } from '../report/report.ts'
import { openSession } from '../run.ts'
import { everythingReady } from '../ready.ts'
import { isClose, oneDecision, type Outcome, outcomesOf, WINNERS } from './outcomes.ts'
import { createRacing, DEADLINE_MS, type Ended, PAYMENT_WAIT_MS, place, type Race, RACES } from './race.ts'
import { watchTicks } from './ticks.ts'

/** At the same time: few where a race is over at once and would only disturb the next one. */
const AT_ONCE: Record<Race, number> = {
  'cancel, authorise': 2,
  'cancel, deadline': 6,
  'cancel, authorise, deadline': 16,
}
const EXPIRING_EVERY_MS = 200
const QUIET_TIMEOUT_MS = 60_000
const REQUEST_TIMEOUT_MS = 8_000
const UNITS = { hot: 100_000, other: 40 }

/** Lets customers cancel orders in the moment in which these are authorised or their deadline comes. */
export async function runRaces(
  { seed, minutes }: ChaosArgs,
  folder: string,
  signal: AbortSignal,
  note: (line: string) => void,
): Promise<{ text: string; failed: boolean }> {
  const env = { ORDER_PAYMENT_WAIT_MS: String(PAYMENT_WAIT_MS), ORDER_DEADLINE_MS: String(DEADLINE_MS) }
  const shop = await startChaosShop({ folder, signal, env: { order: env } })
  const session = await openSession({ seed, folder, note, shop, units: UNITS })
  const { history, goods, random } = session
  const client = createShopClient(shop.gateways()[0]!, { connections: 64, timeoutMs: REQUEST_TIMEOUT_MS })
  try {
    await everythingReady(shop)
    const endsAt = Date.now() + minutes * 60_000
    const isOver = () => signal.aborted || Date.now() > endsAt
    let actors = 0
    const createActor = async (): Promise<Actor> => {
      const customer = await until('a customer', () => enter(client, Infinity))
      const index = actors++
      const own = random.fork(`racer ${index}`)
      return {
        client,
        customer,
        operatorToken: undefined,
        goods,
        history,
        random: own,
        process: index,
        twoPhaseShare: 0,
      }
    }
    const expiring = expire(await createActor(), isOver)
    const ticks = await watchTicks(shop)
    const racing = createRacing(ticks)
    const ended: Ended[] = []
    const racers = RACES.flatMap((race) => Array.from({ length: AT_ONCE[race] }, () => race)).map(
      async (race) => {
        const actor = await createActor()
        await delay(actor.random.int(0, 1_000))
        while (!isOver()) {
          const done = await racing.run(race, actor)
          if (done !== undefined) ended.push(done)
        }
      },
    )
    await Promise.all([...racers, expiring])
    await ticks.stop()
    const quiet = await untilQuiet(shop, QUIET_TIMEOUT_MS, () => Promise.resolve())
    const facts = await collectFacts(shop, history, { stockSamples: [], quietAfterMs: quiet.afterMs })
    const outcomes = outcomesOf(ended, facts, history)
    const violations = [...check(facts), ...oneDecision(facts)]
    const missed = openRaces(outcomes)
    const text = [
      standings(outcomes),
      ...missed,
      spellViolations(violations, facts),
      `Again: pnpm chaos --races --seed ${seed} --minutes ${minutes}`,
    ].join('\n\n')
    return { text, failed: violations.length > 0 || missed.length > 0 }
  } finally {
    await client.close()
    await history.close()
    await shop.stop()
  }
}

/** Orders that are not cancelled, so that each round of the timers leaves a trace. */
async function expire(actor: Actor, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await place(actor, undefined)
    await delay(EXPIRING_EVERY_MS)
  }
}

function standings(outcomes: readonly Outcome[]): string {
  const rows = RACES.map((race) => {
    const of = outcomes.filter((one) => one.race === race)
    const close = of.filter((one) => isClose(one))
    const wonBy = (among: readonly Outcome[]) =>
      WINNERS.map((name) => among.filter(({ winner }) => winner === name).length)
    return [
      race,
      of.length,
      ...wonBy(of),
      close.length,
      ...wonBy(close),
      of.filter((one) => isClose(one, true)).length,
    ]
  })
  return table([['race', 'orders', ...WINNERS, 'within 5 ms', ...WINNERS, 'all within'], ...rows])
}

/** A race that only one side ever wins shows nothing. */
function openRaces(outcomes: readonly Outcome[]): string[] {
  return RACES.flatMap((race) => {
    const winners = new Set(
      outcomes.filter((one) => one.race === race && isClose(one)).map(({ winner }) => winner),
    )
    return winners.size > 1
      ? []
      : [`"${race}" was no race: within 5 ms ${[...winners].join() || 'none'} won.`]
  })
}
