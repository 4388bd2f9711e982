import { z } from 'zod'
import { eventType } from './event.ts'
import {
  Currency,
  Cursor,
  Instant,
  Limit,
  PriceMinor,
  ProductId,
  ProductIds,
  Quantity,
  text,
  Uuid,
  wholeText,
} from './fields.ts'
import { PRODUCT_SORTS, RESERVATION_STATES } from './statuses.ts'

export const Product = z.object({
  product_id: ProductId,
  name: text(200),
  description: text(2000),
  category: text(60),
  price_minor: PriceMinor,
  currency: Currency,
  available: z.int(),
})
export type Product = z.infer<typeof Product>

export const ProductQuery = z.strictObject({
  query: text(100).optional(),
  category: text(60).optional(),
  sort: z.enum(PRODUCT_SORTS).default('category'),
  /** The prices of a whole cart in one request. */
  product_ids: ProductIds.optional(),
  cursor: Cursor.optional(),
  /** Counted from where the cursor points to. */
  page: wholeText(1, 1_000).default(1),
  limit: Limit.default(24),
})

export const ReceiveStock = z
  .strictObject({
    product_id: ProductId,
    quantity: z
      .int()
      .min(1)
      .max(1_000_000)
      .meta({ examples: [10] }),
    /** Names the delivery: booked once, however often it is sent. The Idempotency-Key where it is missing. */
    receipt_id: text(100).optional(),
  })
  .meta({ examples: [{ product_id: 'desk-lamp', quantity: 10 }] })

export const Stock = z.object({
  product_id: ProductId,
  quantity: z.int(),
  available: z.int(),
  held: z.int(),
  committed: z.int(),
  received: z.int(),
})

export const StockEntry = z.object({
  id: z.int(),
  order_id: Uuid.nullable(),
  receipt_id: z.string().nullable(),
  kind: z.enum(['RECEIVE', 'RESERVE', 'RELEASE', 'COMMIT', 'RESTOCK']),
  d_available: z.int(),
  d_held: z.int(),
  d_committed: z.int(),
  d_received: z.int(),
  at: Instant,
})

export const Category = z.object({ category: text(60), products: z.int() })

export const ReservationState = z.enum(RESERVATION_STATES)
export type ReservationState = z.infer<typeof ReservationState>

/** An item of which fewer units were there than an order asked for. */
export const Shortage = z.object({ product_id: ProductId, requested: Quantity, available: z.int() })
export type Shortage = z.infer<typeof Shortage>

const OrderOnly = z.object({ order_id: Uuid })

export const StockReserved = eventType('inventory.v1', 'inventory.stock_reserved.v1', OrderOnly)
export const StockRejected = eventType(
  'inventory.v1',
  'inventory.stock_rejected.v1',
  OrderOnly.extend({ shortages: z.array(Shortage) }),
)
export const StockCommitted = eventType('inventory.v1', 'inventory.stock_committed.v1', OrderOnly)
export const StockReleased = eventType('inventory.v1', 'inventory.stock_released.v1', OrderOnly)
export const StockRestocked = eventType('inventory.v1', 'inventory.stock_restocked.v1', OrderOnly)
/** The answer to `order.status_requested.v1`: a snapshot as of its sequence. */
export const StockStatus = eventType(
  'inventory.v1',
  'inventory.stock_status.v1',
  OrderOnly.extend({ state: ReservationState }),
)
/** A hold outlived its order's deadline: a question to the order service, not a decision. */
export const ReservationOverdue = eventType('inventory.v1', 'inventory.reservation_overdue.v1', OrderOnly)
