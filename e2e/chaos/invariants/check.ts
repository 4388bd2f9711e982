import { agreement } from './agreement.ts'
import type { Facts, InvariantId, Violation } from './facts.ts'
import { deadLetters, effectsOnce, keyOrder, nothingLost } from './log.ts'
import { moneyReconciles, noDoubleCharge } from './money.ts'
import { finalState, historyIsState, noLostOrder, oneOrderPerKey } from './orders.ts'
import { sessionReads } from './session-reads.ts'
import { noOversell, stockReconciles } from './stock.ts'

export const INVARIANTS: Record<InvariantId, { name: string; check: (facts: Facts) => Violation[] }> = {
  I1: { name: 'no oversell', check: noOversell },
  I2: { name: 'stock reconciles', check: stockReconciles },
  I3: { name: 'no lost order', check: noLostOrder },
  I4: { name: 'one order per key', check: oneOrderPerKey },
  I5: { name: 'no double charge', check: noDoubleCharge },
  I6: { name: 'money reconciles', check: moneyReconciles },
  I7: { name: 'final state', check: finalState },
  I8: { name: 'agreement', check: agreement },
  I9: { name: 'order per key', check: keyOrder },
  I10: { name: 'nothing lost between database and log', check: nothingLost },
  I11: { name: 'effects once', check: effectsOnce },
  I12: { name: 'history is state', check: historyIsState },
  I13: { name: 'session reads', check: sessionReads },
  I14: { name: 'dead letters', check: deadLetters },
}

/** Every breach of every invariant. */
export function check(facts: Facts): Violation[] {
  return Object.values(INVARIANTS).flatMap((invariant) => invariant.check(facts))
}
