import type { Failpoint } from '@lepton/common/runtime/fault-injection'
import type { ScenarioName } from './scenarios.ts'

const IN_TWO_PHASES: readonly ScenarioName[] = [
  'place in two phases',
  'place in two phases, declined',
  'refund in two phases',
]
const WITHOUT_A_CARD: readonly ScenarioName[] = ['place, out of stock', 'cancel', 'expire', 'restock']

/** Why no process comes by a failpoint during a kind of operation; undefined where one must. */
export function whyUnreachable(failpoint: Failpoint, scenario: ScenarioName): string | undefined {
  if (scenario === 'restock' && !failpoint.startsWith('http.')) return 'receiving units publishes nothing'
  if (failpoint.startsWith('psp.') && WITHOUT_A_CARD.includes(scenario)) return 'no card is asked'
  if (failpoint === 'timer.after_claim' && scenario !== 'expire') return 'no deadline passes'
  if (failpoint.startsWith('tcc.')) {
    if (!IN_TWO_PHASES.includes(scenario)) return 'the order is a saga'
    if (failpoint === 'tcc.mid_confirm' && scenario.includes('declined'))
      return 'one branch has nothing to settle'
  }
  return undefined
}
