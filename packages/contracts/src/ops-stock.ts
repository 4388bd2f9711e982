import { z } from 'zod'
import { Cursor, Instant, Limit, pageOf, ProductId, Uuid } from './fields.ts'
import { route } from './route.ts'

const operator = { method: 'GET', access: ['operator'], problems: [] } as const

export const listStock = route({
  ...operator,
  operation: 'list_stock',
  owner: 'inventory',
  path: '/ops/stock',
  summary: 'Units of all products: available + held + committed = received',
  query: z.strictObject({ cursor: Cursor.optional(), limit: Limit.default(100) }),
  answers: {
    200: pageOf(
      z.object({
        product_id: ProductId,
        name: z.string(),
        category: z.string(),
        available: z.int(),
        held: z.int(),
        committed: z.int(),
        received: z.int(),
      }),
    ),
  },
})

export const listHeld = route({
  ...operator,
  operation: 'list_held',
  owner: 'inventory',
  path: '/ops/reservations',
  summary: 'Reservations that hold units, those that are due first',
  query: z.strictObject({
    /** Only those whose time is over. */
    overdue: z.enum(['true', 'false']).default('false'),
    limit: Limit.default(50),
  }),
  answers: {
    200: z.object({
      items: z.array(z.object({ order_id: Uuid, units: z.int(), hold_until: Instant, updated_at: Instant })),
    }),
  },
})
