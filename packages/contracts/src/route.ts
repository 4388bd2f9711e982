import { z } from 'zod'
import type { ProblemSlug } from './problems.ts'
import type { Service } from './services.ts'

export type Access = 'anyone' | 'customer' | 'operator' | 'service'

/**
 * What goes first when an instance has more to do than it can: `settle` is never refused, since it ends work that
 * others wait for; then reads, then other changes, and `intake`, new orders, last.
 */
export type Priority = 'settle' | 'read' | 'change' | 'intake'

export interface RouteDefinition {
  /** operationId in OpenAPI, and the scope that a service's token needs to call it. */
  operation: string
  owner: Service
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below `/api/v1` at the gateway, at the root of the owner. Parameters as `:name`. */
  path: string
  summary: string
  access: readonly Access[]
  /** The services that may call it with a token of their own; required where `access` names `service`. */
  callers?: readonly Service[]
  /** The services that may ask it for the person whose request they carry out. */
  delegates?: readonly Service[]
  /** By default `read` for GET and `change` for all others. */
  priority?: Priority
  /** False for what only services ask each other: the gateway does not route it. */
  exposed?: boolean
  /** `required`: 400 without a key. `optional`: honoured where it is sent. */
  idempotency?: 'required' | 'optional'
  params?: z.ZodObject
  query?: z.ZodObject
  body?: z.ZodObject
  /** Successful answers by status; null has no body. */
  answers: Readonly<Record<number, z.ZodType | null>>
  /** Server-sent events by name, where a 200 is a stream of them; it ends with a `bye` (see StreamEnd). */
  events?: Readonly<Record<string, z.ZodType>>
  /** Refusals beyond those every route has (see `problemsOf`). */
  problems: readonly ProblemSlug[]
}

/** `ended`: there is nothing more to come. `stopping`: the instance stops, come back at once. */
export const StreamEnd = z.object({ because: z.enum(['ended', 'stopping']) })

/** Keeps the exact types of a definition, so that handlers get what their schemas promise. */
export function route<const R extends RouteDefinition>(definition: R): R {
  return definition
}

const ALWAYS: readonly ProblemSlug[] = [
  'invalid-request',
  'too-many-requests',
  'internal-error',
  'unavailable',
  'overloaded',
  'deadline-exceeded',
]

/** Every problem a route may answer with: its own and those that follow from its shape. */
export function problemsOf(route: RouteDefinition): ProblemSlug[] {
  const problems = new Set<ProblemSlug>(route.problems)
  for (const slug of ALWAYS) problems.add(slug)
  if (!route.access.includes('anyone')) problems.add('unauthenticated').add('forbidden')
  if (route.params !== undefined) problems.add('not-found')
  if (route.body !== undefined) {
    problems.add('invalid-json').add('body-too-large').add('unsupported-media-type')
  }
  if (route.method !== 'GET') problems.add('request-in-progress')
  if (route.idempotency !== undefined) problems.add('idempotency-key-reused')
  if (route.idempotency === 'required') problems.add('idempotency-key-missing')
  return [...problems]
}
