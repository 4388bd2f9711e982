import { failpoint } from '@lepton/common/runtime/fault-injection'
import type { Refusal } from '@lepton/common/runtime/problem'
import type { Reply } from '@lepton/common/http/reply'
import type { Tx } from '@lepton/events/postgres/transaction'
import type { ProblemSlug } from '@lepton/contracts/problems'
import { refuse } from '@lepton/shop/refuse'
import type { Deps } from './deps.ts'
import { decide } from './domain.ts'
import type { Order } from './order.ts'
import { record } from './record.ts'
import type { Input } from './state-table.ts'
import { lockOrders } from './orders.ts'

/** Who wants it: which orders are his, and what is noted with the change. */
interface Wish {
  name: Input['name']
  owns: (order: Order) => boolean
  note?: (tx: Tx, result: string) => void
}

/**
 * A person's decision about an order: the state table answers, as it does for every other input.
 *
 * @returns undefined where the person has no such order
 */
export async function settle(
  deps: Deps,
  orderId: string,
  { name, owns, note }: Wish,
): Promise<Reply | undefined> {
  const reply = await deps.database.inTransaction(async (tx) => {
    const changes = await lockOrders(tx, [orderId])
    const order = changes.orders.get(orderId)
    if (order === undefined || !owns(order)) return undefined
    const verdict = decide(order, { kind: 'asked', name })
    if (verdict.kind === 'refuse') throw refuseDecision(order, verdict.slug)
    if (verdict.kind !== 'change') return accept(order, 200)
    changes.append(order, verdict, undefined)
    record(tx, changes, deps)
    const settled = changes.orders.get(orderId)!
    note?.(tx, settled.status)
    failpoint('http.before_commit')
    return accept(settled, 202)
  })
  failpoint('http.after_commit')
  return reply
}

export function accept({ order_id, status }: Pick<Order, 'order_id' | 'status'>, code: 200 | 202): Reply {
  return { status: code, body: { order_id, status }, headers: { location: `/api/v1/orders/${order_id}` } }
}

function refuseDecision({ order_id, status, decision }: Order, slug: ProblemSlug): Refusal {
  if (slug === 'order-settled' && decision === 'CANCELLED')
    return refuse(slug, `The order is ${status} and was not paid: there is nothing to give back.`)
  return slug === 'order-settled'
    ? refuse(
        slug,
        `The order is ${status}: it is paid. POST /api/v1/orders/${order_id}/refund gives it back.`,
      )
    : refuse(slug, `The order is ${status}: it can be refunded once its payment is captured.`, {
        retryAfterS: 1,
      })
}
