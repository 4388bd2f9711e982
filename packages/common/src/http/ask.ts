import type { z } from 'zod'
import type { As } from './passed.ts'
import type { RouteDefinition } from './route.ts'
import type { MeshClient } from '../mesh/client.ts'
import { DEADLINE, FAULT_HEADER, OVERLOAD } from '../mesh/blame.ts'
import type { MeshAnswer } from '../mesh/call.ts'
import { refusalOf, refuse, Unavailable } from '../runtime/problem.ts'

type Answers<R extends RouteDefinition> = {
  [S in keyof R['answers']]: R['answers'][S] extends z.ZodType ? z.output<R['answers'][S]> : undefined
}[keyof R['answers']]

interface Question {
  params?: Record<string, string>
  query?: Record<string, string>
  body?: unknown
  /** Who asks. Absent where anyone may. */
  as?: As | undefined
  idempotencyKey?: string
}

/**
 * Asks another service by one of its routes, over the mesh, and gives its answer as the route's schema says.
 *
 * @throws Refusal with the other's own problem for a 4xx
 * @throws Refusal `overloaded` or `deadline-exceeded` where the other says so
 * @throws Unavailable when no instance answers in time, or none is able to
 * @throws Error when the other fails on this very request: the fault is a bug, and trying again does not help
 */
export async function ask<R extends RouteDefinition>(
  mesh: MeshClient,
  route: R,
  { params = {}, query, body, as, idempotencyKey }: Question = {},
): Promise<Answers<R>> {
  const path = route.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
  const answer = await mesh.request({
    service: route.owner,
    operation: route.operation,
    method: route.method,
    path: query === undefined ? path : `${path}?${new URLSearchParams(query).toString()}`,
    headers: {
      ...(await as?.(route)),
      ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (answer.status >= 500) throw faultOf(answer, route)
  const content = jsonOf(answer)
  if (answer.status >= 400) throw asRefusal(content, answer.status, route)
  const schema = route.answers[answer.status]
  if (schema === undefined)
    throw new Error(`${route.operation} answered ${answer.status}, which its route does not name`)
  return (schema === null ? undefined : schema.parse(content)) as Answers<R>
}

function faultOf({ status, headers }: MeshAnswer, { operation, owner }: RouteDefinition): Error {
  const fault = headers[FAULT_HEADER]
  if (fault === DEADLINE)
    return refuse('deadline-exceeded', `There was too little time left to ask ${owner}.`)
  const retryAfterS = Number(headers['retry-after'] ?? 1)
  if (fault === OVERLOAD) return refuse('overloaded', `${owner} has too much to do.`, { retryAfterS })
  if (status === 500) return new Error(`${operation} failed at ${owner}: its log has the cause`)
  return new Unavailable(owner, { fault: typeof fault === 'string' ? fault : owner, retryAfterS })
}

/** The body as JSON; undefined where it is none, as from a proxy in between. */
function jsonOf({ body }: MeshAnswer): unknown {
  try {
    return JSON.parse(body.toString() || 'null')
  } catch {
    return undefined
  }
}

function asRefusal(content: unknown, status: number, { operation }: RouteDefinition): Error {
  return refusalOf(content) ?? new Error(`${operation} refused with ${status} and no problem document`)
}
