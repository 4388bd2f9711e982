import { z } from 'zod'
import { Uuid } from './fields.ts'
import { Payment, PayOrder } from './payment.ts'
import { ChargeWebhook } from './psp.ts'
import { route } from './route.ts'

const OfOrder = z.strictObject({ order_id: Uuid })

export const payOrder = route({
  operation: 'pay_order',
  owner: 'payment',
  method: 'POST',
  path: '/payments',
  summary: 'Pay an order that waits for its payment',
  access: ['customer'],
  idempotency: 'required',
  body: PayOrder,
  answers: { 202: Payment },
  problems: ['not-found', 'order-not-ready', 'payment-settled'],
})

/** Before `/payments/:order_id`, which would take its path for an order. */
export const receiveWebhook = route({
  operation: 'receive_webhook',
  owner: 'payment',
  method: 'POST',
  path: '/payments/webhook',
  summary: 'A webhook of the card processor, signed with its Webhook-Signature',
  access: ['anyone'],
  body: ChargeWebhook,
  answers: { 204: null },
  problems: ['signature-invalid'],
})

export const getPayment = route({
  operation: 'get_payment',
  owner: 'payment',
  method: 'GET',
  path: '/payments/:order_id',
  summary: "An order's payment",
  access: ['customer'],
  params: OfOrder,
  answers: { 200: Payment },
  problems: [],
})

export const PAYMENT_ROUTES = [payOrder, receiveWebhook, getPayment]
