import { z } from 'zod'
import { AmountMinor, Instant, Uuid } from './fields.ts'
import { partial } from './incomplete.ts'
import { ReservationState, StockEntry } from './inventory.ts'
import { OpsOrderHead } from './ops-orders.ts'
import { Payment } from './payment.ts'
import { route } from './route.ts'

// What each service says about one order.

const OfOrder = z.strictObject({ order_id: Uuid })

const operator = { access: ['operator'], problems: [] } as const
const inside = { ...operator, delegates: ['ops'], exposed: false, method: 'GET', params: OfOrder } as const

export const OrderStock = z.object({
  state: ReservationState,
  hold_until: Instant.nullable(),
  ledger: z.array(StockEntry),
})
export const getOrderStock = route({
  ...inside,
  operation: 'get_order_stock',
  owner: 'inventory',
  path: '/ops/orders/:order_id/stock',
  summary: "An order's reservation and its movements",
  answers: { 200: OrderStock },
})

export const PspTask = z.object({
  op: z.enum(['AUTH', 'CAPTURE', 'VOID', 'REFUND']),
  attempts: z.int(),
  started_at: Instant.nullable(),
  ended_at: Instant.nullable(),
  next_at: Instant,
  outcome: z.string().nullable(),
  last_error: z.string().nullable(),
})
const MoneyEntry = z.object({
  id: z.int(),
  kind: z.enum(['AUTH', 'CAPTURE', 'VOID', 'REFUND']),
  amount_minor: AmountMinor,
  origin: z.enum(['SHOP', 'ELSEWHERE', 'OPERATOR']),
  at: Instant,
})
export const OrderMoney = z.object({
  payment: Payment,
  tasks: z.array(PspTask),
  ledger: z.array(MoneyEntry),
})
export const getOrderMoney = route({
  ...inside,
  operation: 'get_order_money',
  owner: 'payment',
  path: '/ops/orders/:order_id/money',
  summary: "An order's payment, what is asked of the card processor for it, and its movements",
  answers: { 200: OrderMoney },
})

export const getOpsOrder = route({
  ...operator,
  operation: 'get_ops_order',
  owner: 'ops',
  method: 'GET',
  path: '/ops/orders/:order_id',
  summary:
    'One order over all services: a part is null where a service has none, or could not answer (see incomplete)',
  params: OfOrder,
  answers: {
    200: z.object({
      ...partial,
      order: OpsOrderHead,
      stock: OrderStock.nullable(),
      money: OrderMoney.nullable(),
    }),
  },
})
