import { z } from 'zod'
import { Instant, Limit, text, Uuid, wholeText } from './fields.ts'
import { partial } from './incomplete.ts'
import type { PublishingService } from './services.ts'
import { route } from './route.ts'

// What operators did, and what processes logged.

const operator = { method: 'GET', access: ['operator'], problems: [] } as const
const inside = { ...operator, delegates: ['ops'], exposed: false } as const

const ActionQuery = z.strictObject({
  /** Those that are older than this. */
  before: Instant.optional(),
  limit: Limit.default(50),
})
const OperatorAction = z.object({
  at: Instant,
  who: z.string(),
  action: z.string(),
  target: z.string(),
  reason: z.string().nullable(),
  result: z.string().nullable(),
})
export type OperatorAction = z.infer<typeof OperatorAction>

export function actionsRoute(owner: PublishingService) {
  return route({
    ...inside,
    operation: 'list_own_actions',
    owner,
    path: '/ops/actions',
    summary: 'What operators did at the service, from its audit trail',
    query: ActionQuery,
    answers: { 200: z.object({ items: z.array(OperatorAction) }) },
  })
}

export const listActions = route({
  ...operator,
  operation: 'list_actions',
  owner: 'ops',
  path: '/ops/actions',
  summary:
    'What operators did, newest first: the audit trails of all services, and what was done to processes since ops started',
  query: ActionQuery,
  answers: {
    200: z.object({ ...partial, items: z.array(OperatorAction.extend({ service: z.string() })) }),
  },
})

export const LogLine = z.object({
  at: Instant,
  level: z.string(),
  service: z.string(),
  instance: z.string(),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()),
})
export type LogLine = z.infer<typeof LogLine>

export const listLogs = route({
  ...operator,
  problems: ['not-possible-here'],
  operation: 'list_logs',
  owner: 'ops',
  path: '/ops/logs',
  summary: 'The latest lines that the processes have logged, oldest first',
  query: z.strictObject({
    /** A service or an instance. */
    service: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9 and -')
      .optional(),
    /** This level and those above it. */
    level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    order_id: Uuid.optional(),
    /** What the line must hold. */
    query: text(100).optional(),
    lines: wholeText(1, 500).default(200),
  }),
  answers: { 200: z.object({ as_of: Instant, items: z.array(LogLine) }) },
})
