import type { z } from 'zod'

export type Access = 'anyone' | 'customer' | 'operator' | 'service'

/**
 * What goes first when an instance has more to do than it can: `settle` is never refused, since it ends work that
 * others wait for; then reads, then other changes, and last what begins new work.
 */
export type Priority = 'settle' | 'read' | 'change' | 'intake'

/** One operation over HTTP. Server, typed client, gateway and OpenAPI are made from it. */
export interface RouteDefinition {
  /** The scope that a service's token needs to call it. */
  operation: string
  /** The service that answers it. */
  owner: string
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Parameters as `:name`. */
  path: string
  access: readonly Access[]
  /** The services that may call it with a token of their own; required where `access` names `service`. */
  callers?: readonly string[]
  /** The services that may ask it for the person whose request they carry out. */
  delegates?: readonly string[]
  /** By default `read` for GET and `change` for all others. */
  priority?: Priority
  /** `required`: 400 without a key. `optional`: honoured where it is sent. */
  idempotency?: 'required' | 'optional'
  params?: z.ZodObject
  query?: z.ZodObject
  body?: z.ZodObject
  /** Successful answers by status; null has no body. */
  answers: Readonly<Record<number, z.ZodType | null>>
  /** Server-sent events by name, where a 200 is a stream of them; it ends with a `bye` (see `bye`). */
  events?: Readonly<Record<string, z.ZodType>>
}

/** Keeps the exact types of a definition, so that handlers get what their schemas promise. */
export function route<const R extends RouteDefinition>(definition: R): R {
  return definition
}

export function priorityOf({ priority, method }: Pick<RouteDefinition, 'priority' | 'method'>): Priority {
  return priority ?? (method === 'GET' ? 'read' : 'change')
}
