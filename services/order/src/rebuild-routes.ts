import { answer, type Endpoint } from '@lepton/common/http/app'
import { nameOf } from '@lepton/common/http/auth'
import { newId } from '@lepton/common/runtime/id'
import { getOrderRebuild, rebuildOrders } from '@lepton/contracts/rebuilds'
import { audit } from '@lepton/events/audit'
import { idempotently } from '@lepton/events/idempotency'
import { refuse } from '@lepton/shop/refuse'
import type { Deps } from './deps.ts'
import { findLatestRun, insertRun, type Run } from './rebuild-store.ts'
import { shareOf } from './rebuild.ts'

/** The state of all orders, made again from their streams by whatever instance works on it. */
export function rebuildRoutes({ database }: Pick<Deps, 'database'>, wake: () => void): Endpoint[] {
  return [
    answer(rebuildOrders, async ({ body, caller, path, idempotencyKey: key }) => {
      const { reason } = body
      const who = nameOf(caller)
      return idempotently(database, { owner: caller.subject, route: path, key, body }, async (tx) => {
        const begun = await insertRun(tx, { run_id: newId(), who, reason })
        const run = begun ?? (await findLatestRun(tx))
        const result = begun === undefined ? 'in progress already' : 'begun'
        audit(tx, { who, reason }, { action: 'rebuild', target: 'orders', result })
        tx.afterCommit(wake)
        return { status: 202, body: shown(run!) }
      })
    }),

    answer(getOrderRebuild, async () => {
      const run = await findLatestRun(database)
      if (run === undefined) throw refuse('not-found', 'The orders were not rebuilt in the last 35 days.')
      return { status: 200, body: shown(run) }
    }),
  ]
}

function shown(run: Run) {
  return { ...run, share: shareOf(run) }
}
