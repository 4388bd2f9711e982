import { z } from 'zod'
import { PaymentToken, text } from './fields.ts'
import { AcceptedOrder, Order } from './order.ts'
import { Payment } from './payment.ts'
import { route } from './route.ts'

// The singular names `/order` and `/payment`: each stands for a route of another service, and the gateway answers it.

/** The order's own id, or the name that its client gave it. */
const OrderName = text(200).meta({ examples: ['lunch'] })

export const orderCart = route({
  operation: 'order_cart',
  owner: 'gateway',
  method: 'POST',
  path: '/order',
  summary: 'Order what the cart holds, under a name of your own: POST /cart/checkout in short',
  access: ['customer'],
  priority: 'intake',
  idempotency: 'optional',
  body: z
    .strictObject({ order_id: OrderName.optional(), payment_token: PaymentToken.optional() })
    .meta({ examples: [{ order_id: 'lunch' }] }),
  answers: { 202: AcceptedOrder },
  problems: ['cart-empty', 'unknown-item', 'too-many-open-orders'],
})

export const getNamedOrder = route({
  operation: 'get_named_order',
  owner: 'gateway',
  method: 'GET',
  path: '/order/:order_id',
  summary: 'One order, by its id or by the name that it was placed under',
  access: ['customer'],
  params: z.strictObject({ order_id: OrderName }),
  answers: { 200: z.object({ order_id: z.string(), order: Order }) },
  problems: [],
})

export const payNamedOrder = route({
  operation: 'pay_named_order',
  owner: 'gateway',
  method: 'POST',
  path: '/payment',
  summary: 'Pay an order by its id or name: POST /payments in short. In development the card may be left out',
  access: ['customer'],
  idempotency: 'optional',
  body: z
    .strictObject({ order_id: OrderName, payment_token: PaymentToken.optional() })
    .meta({ examples: [{ order_id: 'lunch', payment_token: 'tok_approved' }] }),
  answers: { 202: Payment },
  problems: ['not-found', 'order-not-ready', 'payment-settled'],
})

export const ALIAS_ROUTES = [orderCart, getNamedOrder, payNamedOrder]
