import type { Response } from 'express'
import { z } from 'zod'
import type { Log } from '../runtime/log.ts'
import type { Streaming } from './event-stream.ts'
import type { RouteDefinition } from './route.ts'

export interface Reply {
  status: number
  body?: unknown
  headers?: Record<string, string>
  /** Sends the route's events from now on; it runs outside the deadline of the request. */
  stream?: Streaming
}

/**
 * Sends a reply through the schema of its status: a row's other columns never leave.
 *
 * A list goes out without the items that are not as the schema says: one row that cannot be read must not hide all
 * others.
 */
export function sendReply(
  res: Response,
  route: RouteDefinition,
  { status, body, headers }: Reply,
  log: Log,
): void {
  if (headers !== undefined) res.set(headers)
  const schema = route.answers[status]
  if (schema === undefined) throw new Error(`${route.operation} has no answer ${status}`)
  if (schema === null) res.status(status).end()
  else res.status(status).json(schema.parse(readableOf(schema, body, { log, route })))
}

function readableOf(schema: z.ZodType, body: unknown, { log, route }: { log: Log; route: RouteDefinition }) {
  const { items } = (body ?? {}) as { items?: unknown }
  const element = schema instanceof z.ZodObject ? (schema.shape.items as z.ZodType | undefined) : undefined
  if (!Array.isArray(items) || !(element instanceof z.ZodArray)) return body
  const readable = items.filter((item: unknown) => {
    const fault = (element.element as z.ZodType).safeParse(item).error
    if (fault !== undefined) log.error({ err: fault, operation: route.operation }, 'a row cannot be shown')
    return fault === undefined
  })
  return { ...(body as object), items: readable }
}
