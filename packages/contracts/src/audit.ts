import { z } from 'zod'
import { AmountMinor, Cursor, Instant, ProductId, Uuid, wholeText } from './fields.ts'
import { partial } from './incomplete.ts'
import { route } from './route.ts'
import type { Service } from './services.ts'

/** An invariant of the shop that was found broken. */
export const Violation = z.object({
  invariant: z.string().regex(/^I\d{1,2}$/),
  what: z.string(),
  order_id: z.string().optional(),
})
export type Violation = z.infer<typeof Violation>

const Units = z.record(z.string(), z.int())

export const FIRST_ID = '00000000-0000-0000-0000-000000000000'
export const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
const PageSize = wholeText(1, 1_000).default(500)

/** Orders by id, both ends included. A service's findings about all of its data come with the first id. */
const Range = z.strictObject({ from: Uuid.default(FIRST_ID), to: Uuid.default(LAST_ID) })

/** `pub_seq` counts the events that were published about the order, `last_…_seq` those of others that were applied. */
export const AuditedOrder = z.object({
  order_id: Uuid,
  status: z.string(),
  amount_minor: AmountMinor,
  units: Units,
  /** Final, and for long enough that everybody knows. */
  is_settled: z.boolean(),
  pub_seq: z.int(),
  last_inv_seq: z.int(),
  last_pay_seq: z.int(),
})
export type AuditedOrder = z.infer<typeof AuditedOrder>

export const AuditedReservation = z.object({
  order_id: Uuid,
  state: z.string(),
  committed: Units,
  pub_seq: z.int(),
  last_order_seq: z.int(),
})
export type AuditedReservation = z.infer<typeof AuditedReservation>

export const AuditedPayment = z.object({
  order_id: Uuid,
  state: z.string(),
  captured_minor: z.int(),
  refunded_minor: z.int(),
  pub_seq: z.int(),
  last_order_seq: z.int(),
  last_inv_seq: z.int(),
})
export type AuditedPayment = z.infer<typeof AuditedPayment>

export const AuditedCharge = z.object({
  charge_id: z.string(),
  merchant_reference: z.string(),
  state: z.string(),
  amount_minor: z.int(),
  captures: z.int(),
  captured_minor: z.int(),
  refunded_minor: z.int(),
})
export type AuditedCharge = z.infer<typeof AuditedCharge>

export const AuditedCheckout = z.object({ order_id: Uuid, is_old: z.boolean() })

/** What a service finds wrong in its own database, about any order. */
const findings = z.array(Violation)

/** Of all routes by which `ops` reads a service's books. */
const FOR_OPS = {
  method: 'GET',
  access: ['operator', 'service'],
  callers: ['ops'],
  delegates: ['ops'],
  exposed: false,
  problems: [],
} as const

function auditRoute<const O extends Service, Q extends z.ZodObject, A extends z.ZodRawShape>(
  owner: O,
  query: Q,
  answer: A,
) {
  return route({
    ...FOR_OPS,
    operation: 'audit_own',
    owner,
    path: '/ops/audit',
    summary: "What the service's primary has about orders, and what it finds wrong in it",
    query,
    answers: { 200: z.object({ ...answer, findings }) },
  })
}

export const auditOrders = auditRoute('order', Range.extend({ limit: PageSize }), {
  items: z.array(AuditedOrder),
})
export const auditReservations = auditRoute('inventory', Range, { items: z.array(AuditedReservation) })
export const auditPayments = auditRoute('payment', Range, {
  items: z.array(AuditedPayment),
  charges: z.array(AuditedCharge),
})
export const auditCheckouts = auditRoute('cart', Range, { items: z.array(AuditedCheckout) })

/** Products by id, so many after one. */
export const auditStock = route({
  ...FOR_OPS,
  operation: 'audit_stock',
  owner: 'inventory',
  path: '/ops/audit/stock',
  summary: 'Where the counts of products disagree with their ledgers',
  query: z.strictObject({ after: ProductId.optional(), limit: PageSize }),
  /** `next` is where the next page begins. */
  answers: { 200: z.object({ findings, next: ProductId.nullable() }) },
})

/** The card processor's own books, as its merchants may export them. */
export const exportCharges = route({
  operation: 'export_charges',
  owner: 'psp',
  method: 'GET',
  path: '/ledger',
  summary: 'Charges with what was captured and refunded on them, by merchant reference',
  access: ['anyone'],
  query: Range,
  answers: { 200: z.object({ items: z.array(AuditedCharge) }) },
  problems: [],
})

export const reconcileShop = route({
  operation: 'reconcile',
  owner: 'ops',
  method: 'GET',
  path: '/ops/reconcile',
  summary: 'Check that orders, stock, payments and the card processor agree, a page of orders at a time',
  access: ['operator'],
  query: z.strictObject({ cursor: Cursor.optional(), limit: PageSize }),
  answers: {
    200: z.object({
      orders: z.int(),
      settled: z.int(),
      violations: findings,
      next_cursor: z.string().nullable(),
      checked_at: Instant,
      ...partial,
    }),
  },
  problems: [],
})

export const AUDIT_ROUTES = [
  auditOrders,
  auditReservations,
  auditStock,
  auditPayments,
  auditCheckouts,
  reconcileShop,
]
