import { join } from 'node:path'
import type { ChaosArgs } from '../args.ts'
import { startChaosShop } from '../chaos-shop.ts'
import { stockShelves } from '../driver/shelves.ts'
import { createHistory } from '../history.ts'
import { createRandom } from '../random.ts'
import { everythingReady } from '../ready.ts'
import { spellViolations, table } from '../report/report.ts'
import { SCENARIOS, type ScenarioName } from './scenarios.ts'
import { namesOf, type Visit, visitAll } from './visit.ts'

/** An unpaid order ends soon, so that the visit of its timer does, too. */
const PAYMENT_WAIT_MS = '3000'
const UNITS = { hot: 100_000, other: 900 }

/** Visits every failpoint during every kind of operation; gives the report and whether all went well. */
export async function runFailpoints(
  { seed, only }: ChaosArgs,
  folder: string,
  signal: AbortSignal,
  note: (line: string) => void,
): Promise<{ text: string; failed: boolean }> {
  const random = createRandom(seed)
  const history = createHistory(join(folder, 'history.jsonl'))
  const shop = await startChaosShop({
    folder,
    signal,
    env: { order: { ORDER_PAYMENT_WAIT_MS: PAYMENT_WAIT_MS } },
  })
  try {
    await everythingReady(shop)
    const goods = await stockShelves(shop, random, UNITS)
    const scenarios = Object.keys(SCENARIOS) as ScenarioName[]
    const failpoints = namesOf(only)
    const { visits, violations, facts } = await visitAll(shop, {
      failpoints,
      scenarios,
      goods,
      history,
      random,
      note,
    })
    const bad = visits.filter(({ outcome }) => outcome === 'missed' || outcome === 'failed')
    const text = [
      matrix(visits, scenarios),
      summary(visits),
      ...bad.map(
        ({ failpoint, scenario, outcome, detail = '' }) =>
          `${failpoint} × ${scenario}: ${outcome}, ${detail}`,
      ),
      spellViolations(violations, facts),
      `Again: pnpm chaos --failpoints --seed ${seed}${only === undefined ? '' : ` --only ${only.join(',')}`}`,
    ].join('\n\n')
    return { text, failed: bad.length > 0 || violations.length > 0 }
  } finally {
    await history.close()
    await shop.stop()
  }
}

/** Operations down, failpoints across: seconds until all was well again, or `-` where no process passes. */
function matrix(visits: readonly Visit[], scenarios: readonly ScenarioName[]): string {
  const failpoints = [...new Set(visits.map(({ failpoint }) => failpoint))]
  const cell = (failpoint: string, scenario: string) => {
    const visit = visits.find((one) => one.failpoint === failpoint && one.scenario === scenario)
    if (visit === undefined) return '?'
    if (visit.outcome === 'unreachable') return '-'
    return visit.outcome === 'visited' ? (visit.tookMs / 1_000).toFixed(1) : visit.outcome.toUpperCase()
  }
  const rows = failpoints.map((failpoint) => [
    failpoint,
    ...scenarios.map((scenario) => cell(failpoint, scenario)),
  ])
  const legend = scenarios.map((scenario, index) => `${index + 1} ${scenario}`).join(', ')
  return `${table([['failpoint', ...scenarios.map((_, index) => String(index + 1))], ...rows])}\n${legend}`
}

function summary(visits: readonly Visit[]): string {
  const counts = Object.entries(Object.groupBy(visits, ({ outcome }) => outcome))
  const reasons = Object.entries(
    Object.groupBy(
      visits.filter(({ outcome }) => outcome === 'unreachable'),
      ({ detail = '' }) => detail,
    ),
  )
  return [
    counts.map(([outcome, of]) => `${of.length} ${outcome}`).join(', '),
    ...reasons.map(([reason, of = []]) => `  cannot be reached, ${reason}: ${of.length}`),
  ].join('\n')
}
