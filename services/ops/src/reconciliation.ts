import type { Part } from '@lepton/common/runtime/lifecycle'
import { startTimer } from '@lepton/common/runtime/timer'
import type { Signer } from '@lepton/common/http/auth'
import type { Log } from '@lepton/common/runtime/log'
import type { MeshClient } from '@lepton/common/mesh/client'
import type { Metrics } from '@lepton/common/runtime/metrics'
import { Unavailable } from '@lepton/common/runtime/problem'
import { auditOrders, FIRST_ID } from '@lepton/contracts/audit'
import { reconcileFrom } from './audit.ts'

const EVERY_MS = 60_000
const PAGE = 500
/** Orders of one round; a shop with more is gone through in several. */
const MAX_PAGES_PER_ROUND = 4

/**
 * Goes through all orders again and again, and shows as a metric which invariants do not hold. What is broken is never
 * put right by itself: money and stock want a person.
 */
export function startReconciliation({
  mesh,
  signer,
  metrics,
  log,
}: {
  mesh: MeshClient
  signer: Signer
  metrics: Metrics
  log: Log
}): Part {
  const broken = metrics.gauge({
    name: 'shop_invariant_violations',
    help: 'Contradictions that the last walk through all orders found',
    labelNames: ['invariant'],
  })
  const walked = metrics.gauge({
    name: 'shop_reconciled_orders',
    help: 'Orders that the last whole walk checked',
  })
  let from = FIRST_ID
  let orders = 0
  let found = new Map<string, number>()

  function finish(): void {
    broken.reset()
    for (const [invariant, count] of found) broken.set({ invariant }, count)
    walked.set(orders)
    from = FIRST_ID
    orders = 0
    found = new Map()
  }

  async function walk(): Promise<boolean> {
    for (let page = 0; page < MAX_PAGES_PER_ROUND; page++) {
      const token = await signer.serviceToken(auditOrders.operation)
      const { violations, next, incomplete, ...counts } = await reconcileFrom(mesh, from, PAGE, token)
      // A walk over half the services would call the shop sound; the same page is looked at in the next round.
      if (incomplete.length > 0) throw new Unavailable(incomplete.map(({ service }) => service).join(', '))
      orders += counts.orders
      for (const { invariant } of violations) found.set(invariant, (found.get(invariant) ?? 0) + 1)
      if (violations.length > 0) log.error({ violations: violations.slice(0, 20) }, 'the books do not agree')
      if (next === undefined) {
        finish()
        return false
      }
      from = next
    }
    return false
  }

  return startTimer('reconciliation', EVERY_MS, walk, log)
}
