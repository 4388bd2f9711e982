import type { IncomingEvent } from '@lepton/common/events/event'
import { placedOrder } from './domain.ts'
import type { Placement } from './order.ts'
import type { OrderChanges } from './store.ts'

/** Begins an order's stream. The deadline counts from the database's clock. */
export function placeOrder(
  changes: OrderChanges,
  accepted: Omit<Placement, 'deadline'>,
  { paymentDeadlineMs, customerDeadlineMs }: { paymentDeadlineMs: number; customerDeadlineMs: number },
  cause: IncomingEvent | undefined,
): void {
  const allowedMs = accepted.payment_token === null ? customerDeadlineMs : paymentDeadlineMs
  const deadline = new Date(Date.parse(changes.now) + allowedMs).toISOString()
  const placement = { ...accepted, deadline }
  changes.append(placedOrder(placement, changes.now), [{ type: 'order.placed.v1', data: placement }], cause)
}
