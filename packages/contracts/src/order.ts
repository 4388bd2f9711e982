import { z } from 'zod'
import { eventType } from './event.ts'
import {
  AMOUNT_OF_LINES,
  AmountMinor,
  costsItsLines,
  Currency,
  Instant,
  Line,
  MAX_LINES,
  Mode,
  PassedCard,
  PaymentToken,
  ProductId,
  Quantity,
  Uuid,
} from './fields.ts'
import { Shortage } from './inventory.ts'
import { CANCEL_REASONS, STATUSES } from './statuses.ts'

export const PlaceOrder = z
  .strictObject({
    lines: z
      .array(z.strictObject({ item_id: ProductId, quantity: Quantity }))
      .min(1)
      .max(MAX_LINES),
    payment_token: PaymentToken.optional(),
    mode: Mode.default('saga'),
  })
  .meta({ examples: [{ lines: [{ item_id: 'espresso-cups', quantity: 1 }], payment_token: 'tok_approved' }] })

/** What the cart service asks before it closes a cart: whether the order that follows from it would be taken. */
export const Admission = z.strictObject({
  units: z
    .int()
    .min(1)
    .max(999 * MAX_LINES),
  is_paid: z.boolean(),
})

/** Says on the answer to a new order how many more could follow it; absent while there is no limit. */
export const ROOM_HEADER = 'lepton-room'

export const Room = z.strictObject({ orders: z.int().nullable() })

export const Status = z.enum(STATUSES)
export type Status = z.infer<typeof Status>

/** What is known of an order's units and of its money. */
export const StockFlag = z.enum(['pending', 'held', 'rejected', 'committed', 'released', 'restocked'])
export type StockFlag = z.infer<typeof StockFlag>
export const PayFlag = z.enum([
  'pending',
  'authorized',
  'declined',
  'captured',
  'capture_failed',
  'voided',
  'refunded',
])
export type PayFlag = z.infer<typeof PayFlag>

export const CancelReason = z.enum(CANCEL_REASONS)
export type CancelReason = z.infer<typeof CancelReason>

export const AcceptedOrder = z.object({ order_id: Uuid, status: Status })

export const Order = z.object({
  order_id: Uuid,
  status: Status,
  /** How many facts its stream has; absent until the order service has the order. */
  version: z.int().optional(),
  reason: CancelReason.nullable().optional(),
  mode: Mode,
  /** Absent until the order service has the order. */
  stock: StockFlag.optional(),
  pay: PayFlag.optional(),
  /** What was missing, where the order was rejected for want of stock. */
  shortages: z.array(Shortage).nullable().optional(),
  lines: z.array(Line),
  amount_minor: AmountMinor,
  currency: Currency,
  deadline: Instant.optional(),
  created_at: Instant,
  updated_at: Instant.optional(),
})
export type Order = z.infer<typeof Order>

export const OrderHistory = z.object({
  items: z.array(
    z.object({
      version: z.int(),
      type: z.string(),
      data: z.record(z.string(), z.unknown()),
      at: Instant,
    }),
  ),
})

const OrderOnly = z.object({ order_id: Uuid })

export const OrderPlaced = eventType(
  'order.v1',
  'order.placed.v1',
  z
    .object({
      order_id: Uuid,
      customer_id: Uuid,
      mode: Mode,
      lines: z.array(Line).min(1).max(MAX_LINES),
      amount_minor: AmountMinor,
      currency: Currency,
      payment_token: PassedCard.nullable(),
      deadline: Instant,
    })
    .refine(costsItsLines, AMOUNT_OF_LINES),
)
export const OrderConfirmed = eventType('order.v1', 'order.confirmed.v1', OrderOnly.extend({ mode: Mode }))
export const OrderCancelled = eventType(
  'order.v1',
  'order.cancelled.v1',
  OrderOnly.extend({ mode: Mode, reason: CancelReason }),
)
export const OrderCompleted = eventType('order.v1', 'order.completed.v1', OrderOnly)
export const OrderClosed = eventType('order.v1', 'order.closed.v1', OrderOnly.extend({ status: Status }))
/** Anti-entropy: asks both participants to tell where they stand. */
export const OrderStatusRequested = eventType('order.v1', 'order.status_requested.v1', OrderOnly)
