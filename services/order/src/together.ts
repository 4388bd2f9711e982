import { createGroupCommit } from '@lepton/common/runtime/group-commit'
import type { Deps, Together } from './deps.ts'
import { noteSettled, type SettledBranches, type Undecided } from './transaction-store.ts'
import { decideOrders } from './try-phase.ts'

const MAX_TOGETHER = 100

export function createTogether(
  deps: Pick<Deps, 'database' | 'outbox' | 'committed' | 'anomalies'>,
): Together {
  return {
    decide: createGroupCommit<Undecided>((undecided) => decideOrders(deps, undecided), MAX_TOGETHER),
    settled: createGroupCommit<SettledBranches>(
      (branches) => noteSettled(deps.database, branches),
      MAX_TOGETHER,
    ),
  }
}
