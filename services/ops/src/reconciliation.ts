import type { Signer } from '@lepton/common/http/auth'
import type { MeshClient } from '@lepton/common/mesh/client'
import type { Part } from '@lepton/common/runtime/lifecycle'
import type { Log } from '@lepton/common/runtime/log'
import type { Metrics } from '@lepton/common/runtime/metrics'
import { Unavailable } from '@lepton/common/runtime/problem'
import { startTimer } from '@lepton/common/runtime/timer'
import type { Violation } from '@lepton/contracts/audit'
import type { Incomplete } from '@lepton/contracts/incomplete'
import { type Position, reconcileFrom, START } from './audit.ts'

const EVERY_MS = 60_000
/** After a round that a service gave no part of. */
const RETRY_MS = 5_000
const PAGE = 500
/** Of products and orders in one round; a shop with more is gone through in several, unless an operator waits. */
const MAX_PAGES_PER_ROUND = 10
/** Of one invariant, so many are kept to be shown. */
const MAX_SAMPLE = 10

/** What a whole walk through all orders found. */
export interface Walk {
  checked_at: string
  orders: number
  counts: ReadonlyMap<string, number>
  sample: readonly Violation[]
}

export interface Reconciliation extends Part {
  /** The last walk that came to its end. */
  latest(): Walk | undefined
  /** Who could not be asked the last time, so that the walk waits. */
  incomplete(): readonly Incomplete[]
  isChecking(): boolean
  /** Goes through all orders at once, from the first. */
  check(): void
}

/**
 * Goes through all products and orders again and again, and shows as a metric which invariants do not hold. What is broken is never
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
}): Reconciliation {
  const broken = metrics.gauge({
    name: 'shop_invariant_violations',
    help: 'Contradictions that the last walk through all orders found',
    labelNames: ['invariant'],
  })
  const walked = metrics.gauge({
    name: 'shop_reconciled_orders',
    help: 'Orders that the last whole walk checked',
  })
  let latest: Walk | undefined
  let incomplete: readonly Incomplete[] = []
  let isWanted = false
  let retry: NodeJS.Timeout | undefined
  let from: Position = START
  let orders = 0
  let found: Violation[] = []

  function begin(): void {
    from = START
    orders = 0
    found = []
  }

  function finish(): void {
    const byInvariant = Map.groupBy(found, ({ invariant }) => invariant)
    const counts = new Map([...byInvariant].map(([invariant, all]) => [invariant, all.length]))
    const sample = [...byInvariant.values()].flatMap((all) => all.slice(0, MAX_SAMPLE))
    latest = { checked_at: new Date().toISOString(), orders, counts, sample }
    broken.reset()
    for (const [invariant, count] of counts) broken.set({ invariant }, count)
    walked.set(orders)
    isWanted = false
    begin()
  }

  async function walk(): Promise<boolean> {
    for (let page = 0; isWanted || page < MAX_PAGES_PER_ROUND; page++) {
      const part = await reconcileFrom(mesh, from, PAGE, signer.as)
      incomplete = part.incomplete
      // A walk over half the services would call the shop sound; the same page is looked at in the next round.
      if (incomplete.length > 0) throw new Unavailable(incomplete.map(({ service }) => service).join(', '))
      const { violations, next } = part
      orders += part.orders
      found.push(...violations)
      if (violations.length > 0)
        log.error({ violations: violations.slice(0, 20) }, 'reconciliation found violations')
      if (next === undefined) {
        finish()
        return false
      }
      from = next
    }
    return false
  }

  const timer = startTimer(
    'reconciliation',
    EVERY_MS,
    () =>
      walk().catch((error: unknown) => {
        isWanted = false
        retry = setTimeout(() => timer.wake(), RETRY_MS)
        throw error
      }),
    log,
  )
  return {
    latest: () => latest,
    incomplete: () => incomplete,
    isChecking: () => isWanted,
    check() {
      if (isWanted) return
      isWanted = true
      begin()
      timer.wake()
    },
    stop: () => {
      clearTimeout(retry)
      return timer.stop()
    },
  }
}
