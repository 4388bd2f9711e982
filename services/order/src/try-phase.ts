import { failpoint } from '@lepton/common/runtime/fault-injection'
import { tryPaymentOf, tryStockOf } from './branches.ts'
import type { Deps } from './deps.ts'
import { decide } from './domain.ts'
import type { Placement, TryResult } from './order.ts'
import { record } from './record.ts'
import type { Input } from './state-table.ts'
import { lockOrders } from './orders.ts'
import type { Undecided } from './transaction-store.ts'

/**
 * The first phase of an order that is registered: both branches are tried, and what they answer is one
 * input of the state table. If the process dies here, the order's deadline cancels it.
 */
export async function runTryPhase(deps: Deps, placement: Placement): Promise<void> {
  failpoint('tcc.after_register')
  const input = await tryBranches(deps, placement)
  await deps.together.decide([{ gid: placement.order_id, input }])
  failpoint('tcc.after_decision')
}

/** Asks both branches at once and tells what their answers mean. */
export async function tryBranches(deps: Deps, placement: Placement): Promise<Input['name']> {
  const [stock, payment] = await tryAll(deps, placement.order_id, [
    () => timed(deps.tries, () => tryStockOf(deps, placement)),
    () => tryPaymentOf(deps, placement),
  ])
  if (stock === 'refused') return 'stock_try_refused'
  if (payment === 'refused') return 'payment_try_refused'
  return stock === 'accepted' && payment === 'accepted' ? 'all_tried' : 'try_unanswered'
}

/** The stock's answer depends on the shop alone, unlike the payment's: it says whether too many tries are in flight. */
async function timed<T>(tries: Deps['tries'], ask: () => Promise<T>): Promise<T> {
  const startedAt = performance.now()
  try {
    return await ask()
  } finally {
    tries.heard('stock', performance.now() - startedAt)
  }
}

/** Asks every branch of a transaction at once. One that fails to answer has not decided. */
export function tryAll(
  { log }: Pick<Deps, 'log'>,
  gid: string,
  asks: readonly (() => Promise<TryResult>)[],
): Promise<TryResult[]> {
  let answered = 0
  return Promise.all(
    asks.map(async (ask) => {
      const outcome = await ask().catch((error: unknown): TryResult => {
        log.info({ err: error, order_id: gid }, 'a branch did not answer its try')
        return 'unanswered'
      })
      failpoint(++answered === 1 ? 'tcc.after_try_1' : 'tcc.after_try_2')
      return outcome
    }),
  )
}

/**
 * Decides about orders that are still open, in one transaction. An order's row is the arbiter: a customer or a clock
 * that was first has moved it, and then this changes nothing.
 */
export async function decideOrders(
  deps: Pick<Deps, 'database' | 'outbox' | 'committed' | 'anomalies'>,
  undecided: readonly Undecided[],
): Promise<void> {
  await deps.database.inTransaction(async (tx) => {
    const changes = await lockOrders(
      tx,
      undecided.map(({ gid }) => gid),
    )
    for (const { gid, input } of undecided) {
      const order = changes.orders.get(gid)!
      const isLate = Date.parse(order.deadline) <= Date.parse(changes.now)
      const verdict = decide(order, { kind: 'asked', name: isLate ? 'deadline_passed' : input })
      if (verdict.kind === 'change') changes.append(order, verdict, undefined)
    }
    record(tx, changes, deps)
  })
}
