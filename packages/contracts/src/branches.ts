import { z } from 'zod'
import { AmountMinor, Currency, Instant, MAX_LINES, PassedCard, ProductId, Quantity, Uuid } from './fields.ts'
import { ReservationState } from './inventory.ts'
import { PaymentState } from './payment.ts'
import { route, type RouteDefinition } from './route.ts'

// What the coordinator of a two-phase order asks of its two branches. PUT, because asking again is harmless:
// the mesh may repeat it at another instance.

const OfOrder = z.strictObject({ order_id: Uuid })

const TryStock = z.strictObject({
  lines: z
    .array(z.strictObject({ item_id: ProductId, quantity: Quantity }))
    .min(1)
    .max(MAX_LINES),
  deadline: Instant,
})
const TryPayment = z.strictObject({
  customer_id: Uuid,
  amount_minor: AmountMinor,
  currency: Currency,
  payment_token: PassedCard,
})

const branch = {
  method: 'PUT',
  access: ['service'],
  callers: ['order'],
  exposed: false,
  // Of an order that was accepted: a try that is refused cancels it, and slow cards of others hold places while they wait.
  priority: 'settle',
  params: OfOrder,
  problems: ['branch-settled'],
} as const satisfies Partial<RouteDefinition>

const StockBranch = z.object({ order_id: Uuid, state: ReservationState })
const PaymentBranch = z.object({ order_id: Uuid, state: PaymentState })

export const tryStock = route({
  ...branch,
  operation: 'try_stock',
  owner: 'inventory',
  path: '/branches/stock/:order_id/try',
  summary: 'Hold the units of all lines, or none',
  body: TryStock,
  answers: { 200: StockBranch },
})
export const confirmStock = route({
  ...branch,
  operation: 'confirm_stock',
  owner: 'inventory',
  path: '/branches/stock/:order_id/confirm',
  summary: 'Commit the units that are held',
  answers: { 200: StockBranch },
})
export const cancelStock = route({
  ...branch,
  operation: 'cancel_stock',
  owner: 'inventory',
  path: '/branches/stock/:order_id/cancel',
  summary: 'Release the units, or make sure that none are ever held',
  answers: { 200: StockBranch },
})
export const tryPayment = route({
  ...branch,
  operation: 'try_payment',
  owner: 'payment',
  path: '/branches/payment/:order_id/try',
  summary: 'Authorise the amount; AUTHORIZING where the card processor has not answered in time',
  body: TryPayment,
  answers: { 200: PaymentBranch },
})
export const confirmPayment = route({
  ...branch,
  operation: 'confirm_payment',
  owner: 'payment',
  path: '/branches/payment/:order_id/confirm',
  summary: 'Capture what is authorised',
  answers: { 200: PaymentBranch },
})
export const cancelPayment = route({
  ...branch,
  operation: 'cancel_payment',
  owner: 'payment',
  path: '/branches/payment/:order_id/cancel',
  summary: 'Void what is authorised, or make sure that nothing ever is',
  answers: { 200: PaymentBranch },
})

export const BRANCH_ROUTES = [tryStock, confirmStock, cancelStock, tryPayment, confirmPayment, cancelPayment]
