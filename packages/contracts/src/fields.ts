import { z } from 'zod'

// U+0000 cannot be stored by PostgreSQL; a lone surrogate has no UTF-8 form, so it would come back changed.
/** Text that every store and transport here keeps as it is. Lengths are in characters (code points). */
export const text = (max: number, min = 1) =>
  z
    .string()
    .min(min)
    .max(max)
    .regex(/^[^\u0000\p{Surrogate}]*$/u, 'must not hold U+0000 or a lone surrogate')
    // Not every reader of OpenAPI knows \p, and none can write a lone surrogate.
    .meta({ pattern: '^[^\\u0000]*$' })

export const Quantity = z
  .int()
  .min(1)
  .max(999)
  .meta({ examples: [1] })
export const MAX_LINES = 50

/** An integer count of minor units (cents). The bound keeps sums of 50 lines × 999 exact in a double. */
export const AmountMinor = z.int().min(0).max(1_000_000_000_000)
export const PriceMinor = z.int().min(0).max(10_000_000)
export const Currency = z.literal('EUR')
export const CURRENCY = 'EUR' as const

/** One spelling of an id: PostgreSQL finds a row by any, a Map and a derived key by this one alone. */
export const Uuid = z
  .uuid()
  .toLowerCase()
  .meta({ examples: ['01a1fea5-ba4b-71f4-85de-696148493360'] })
export const Instant = z.iso.datetime()
export const ProductId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}[a-z0-9]$/, 'must be 2 to 64 of a-z, 0-9 and -')
  .meta({ examples: ['desk-lamp'] })

/** Product ids with commas between them, as a query has them. */
export const ProductIds = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,62}[a-z0-9](,[a-z0-9][a-z0-9-]{0,62}[a-z0-9]){0,49}$/,
    'must be 1 to 50 product ids with a comma between them',
  )
  .meta({ examples: ['desk-lamp,espresso-cups'] })
  .transform((list) => list.split(','))
export const PaymentToken = z
  .string()
  .regex(/^tok_(?!.*\d{12})[a-z0-9_]{1,60}$/, 'must be a card token (tok_…), never a card number')
  .meta({ examples: ['tok_approved'] })

/** A card as services pass it on: sealed for the payment service, or, in events from before, as the customer gave it. */
export const PassedCard = z.union([
  z.string().regex(/^sealed\.[\w-]{1,80}\.[\w-]{64,400}$/, 'must be a sealed card'),
  PaymentToken,
])

export const IdempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{16,255}$/, 'must be 16 to 255 visible ASCII characters')

/** How an order is carried out: by events alone, or by a coordinator that asks inventory and payment itself. */
export const Mode = z.enum(['saga', 'two_phase'])
export type Mode = z.infer<typeof Mode>

export const Line = z.object({
  item_id: ProductId,
  name: text(200),
  quantity: Quantity,
  unit_price_minor: PriceMinor,
})
export type Line = z.infer<typeof Line>

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable() })

/** Where a list goes on: what the page before said, and nothing else. */
export const Cursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,200}$/, 'must be the next_cursor of an earlier page')
  .meta({ description: 'The `next_cursor` of the page before. Without it the list begins at its start.' })

/** Why an operator does something; the audit trail keeps it. */
export const Reason = text(500, 3).meta({ examples: ['trying it out'] })

/** A whole number in a query: decimal digits only, where `Number` would take `0x10`, `1e1` and blanks too. */
export const wholeText = (min: number, max: number) =>
  z
    .string()
    .regex(/^(0|[1-9][0-9]{0,15})$/, `must be a whole number from ${min} to ${max}`)
    // What OpenAPI says of it: the text is an integer's.
    .meta({ type: 'integer', pattern: undefined, minimum: min, maximum: max })
    .transform(Number)
    .pipe(z.int().min(min).max(max))

export const Limit = wholeText(1, 100)

export function unitsOf(lines: readonly { quantity: number }[]): number {
  return lines.reduce((sum, { quantity }) => sum + quantity, 0)
}

/** What the lines cost together, in minor units. */
export function amountOf(lines: readonly { quantity: number; unit_price_minor: number }[]): number {
  return lines.reduce((sum, line) => sum + line.quantity * line.unit_price_minor, 0)
}

/** Holds for everything that names lines and an amount: a card is charged what its order's lines cost. */
export function costsItsLines(order: {
  lines: readonly { quantity: number; unit_price_minor: number }[]
  amount_minor: number
}): boolean {
  return order.amount_minor === amountOf(order.lines)
}

export const AMOUNT_OF_LINES = { path: ['amount_minor'], error: 'must be what the lines cost' }
