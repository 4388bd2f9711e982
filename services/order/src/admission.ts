import { type Refusal } from '@lepton/common/runtime/problem'
import { refuse } from '@lepton/shop/refuse'
import type { Tx } from '@lepton/events/postgres/transaction'
import { countOpen, lockCustomer, type Open } from './store.ts'

export interface CustomerLimits {
  /** Orders of one customer that are not settled. */
  maxOpenOrders: number
  /** Units in them that no card was given for. */
  maxUnpaidUnits: number
}

/** What is to be ordered, as far as a limit looks at it. */
export interface Wanted {
  units: number
  isPaid: boolean
}

/**
 * Refuses what is more than one customer may have open: those units are missing for all others, and those
 * orders take their time.
 */
export function refusalFor(open: Open, wanted: Wanted, limits: CustomerLimits): Refusal | undefined {
  const { maxOpenOrders, maxUnpaidUnits } = limits
  const tooMany = (detail: string) => refuse('too-many-open-orders', detail, { retryAfterS: RETRY_AFTER_S })
  if (open.orders >= maxOpenOrders) {
    return tooMany(
      `${open.orders} of your orders are open, and ${maxOpenOrders} may be: cancel one, or wait.`,
    )
  }
  const unpaid = open.unpaid_units + wanted.units
  if (!wanted.isPaid && unpaid > maxUnpaidUnits) {
    return tooMany(
      `With this order ${unpaid} units would wait for a payment, and ${maxUnpaidUnits} may: pay or cancel one first.`,
    )
  }
  return undefined
}

/** With it a refusal is not kept under the request's key: the same request may be taken later. */
const RETRY_AFTER_S = 5

/**
 * Checks the limits in the transaction that places the order. Orders of one customer are placed one after the other:
 * a hundred at once do not slip through together.
 */
export async function refuseTooManyOpen(
  tx: Tx,
  customerId: string,
  wanted: Wanted,
  limits: CustomerLimits,
): Promise<void> {
  lockCustomer(tx, customerId)
  const refusal = refusalFor(await countOpen(tx, customerId), wanted, limits)
  if (refusal !== undefined) throw refusal
}
