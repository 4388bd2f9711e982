import type { IncomingEvent } from '@lepton/events/event'
import { keepTrace } from '@lepton/common/runtime/trace'
import { placedOrder } from './domain.ts'
import type { Placement } from './order.ts'
import type { OrderChanges } from './orders.ts'

interface Allowances {
  paymentDeadlineMs: number
  customerDeadlineMs: number
  twoPhaseDeadlineMs: number
}

/** Begins an order's stream. The deadline counts from the database's clock. */
export function placeOrder(
  changes: OrderChanges,
  accepted: Omit<Placement, 'deadline'>,
  allowances: Allowances,
  cause: IncomingEvent | undefined,
): void {
  const deadline = new Date(Date.parse(changes.now) + allowedMs(accepted, allowances)).toISOString()
  const placement = { ...accepted, deadline }
  const next = placedOrder(placement, changes.now, keepTrace(cause))
  changes.append(next, { facts: [{ type: 'order.placed.v1', data: placement }], next }, cause)
}

function allowedMs({ mode, payment_token }: Omit<Placement, 'deadline'>, allowances: Allowances): number {
  if (mode === 'two_phase') return allowances.twoPhaseDeadlineMs
  return payment_token === null ? allowances.customerDeadlineMs : allowances.paymentDeadlineMs
}
