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

export const AddToCart = z
  .strictObject({ item_id: ProductId, quantity: Quantity })
  .meta({ examples: [{ item_id: 'desk-lamp', quantity: 1 }] })
export const RemoveFromCart = z
  .strictObject({ item_id: ProductId })
  .meta({ examples: [{ item_id: 'desk-lamp' }] })
export const SetQuantity = z.strictObject({ quantity: Quantity }).meta({ examples: [{ quantity: 2 }] })

/** A line at a price that it can be sold at; one that is not in the catalogue any more has to be removed. */
export const CartLine = Line.extend({ in_catalogue: z.boolean() })

export const Cart = z.object({
  cart_id: Uuid.nullable(),
  version: z.int(),
  lines: z.array(CartLine),
  amount_minor: AmountMinor,
  currency: Currency,
})
export type Cart = z.infer<typeof Cart>

export const Checkout = z
  .strictObject({
    payment_token: PaymentToken.optional(),
    mode: Mode.default('saga'),
    /** What the shopper saw, as GET /cart showed it: where the cart is another by now, nothing is ordered. */
    cart_version: z.int().min(0).optional(),
    amount_minor: AmountMinor.optional(),
  })
  .meta({ examples: [{ payment_token: 'tok_approved' }] })

export const RestoreCart = z
  .strictObject({ order_id: Uuid })
  .meta({ examples: [{ order_id: '01a1fea5-ba4b-71f4-85de-696148493360' }] })

/** The cart, and the items of the order that are not in the catalogue any more. */
export const RestoredCart = Cart.extend({ left_out: z.array(ProductId) })

/** A checkout as the cart service keeps it: the order that will be, until the order service has it. */
export const SubmittedOrder = z.object({
  order_id: Uuid,
  status: z.literal('SUBMITTED'),
  mode: Mode,
  lines: z.array(Line),
  amount_minor: AmountMinor,
  currency: Currency,
  created_at: Instant,
})

export const CartCheckedOut = eventType(
  'cart.v1',
  'cart.checked_out.v1',
  z
    .object({
      order_id: Uuid,
      customer_id: Uuid,
      cart_id: Uuid,
      lines: z.array(Line).min(1).max(MAX_LINES),
      amount_minor: AmountMinor,
      currency: Currency,
      payment_token: PassedCard.nullable(),
      mode: Mode,
    })
    .refine(costsItsLines, AMOUNT_OF_LINES),
)
