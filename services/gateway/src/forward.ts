import type { Caller } from '@lepton/common/http/auth'
import { priorityOf } from '@lepton/common/http/route'
import { goneSignal } from '@lepton/common/mesh/hop'
import { ROOM_HEADER } from '@lepton/contracts/order'
import type { RouteDefinition } from '@lepton/contracts/route'
import type { Request, Response } from 'express'
import type { GatewayDeps } from './deps.ts'

const REQUEST_HEADERS = [
  'content-type',
  'accept',
  'idempotency-key',
  'accept-language',
  'last-event-id',
  'x-request-id',
  'webhook-signature',
] as const
const ANSWER_HEADERS = [
  'content-type',
  'location',
  'retry-after',
  'idempotency-replayed',
  'allow',
  'www-authenticate',
] as const

export interface Forwarded {
  caller: Caller | undefined
  req: Request
  /** Below `/api/v1`, query included. */
  path: string
  body?: Buffer | undefined
  headers?: Record<string, string>
}

/** Asks the route's owner, on whichever instance the mesh finds best; with a signal, for a stream that ends by it. */
export async function ask(
  { mesh, room, tokenFor, log, upstreamTimeoutMs }: GatewayDeps,
  route: RouteDefinition,
  { caller, req, path, body, headers }: Forwarded,
  streamUntil?: AbortSignal,
) {
  const passed = REQUEST_HEADERS.flatMap((name) => {
    const value = req.get(name)
    return value === undefined ? [] : [[name, value]]
  })
  const request = {
    service: route.owner,
    operation: route.operation,
    method: route.method,
    path,
    headers: {
      ...(Object.fromEntries(passed) as Record<string, string>),
      ...(caller !== undefined && { authorization: `Bearer ${await tokenFor(caller, route.owner)}` }),
      'x-forwarded-prefix': '/api/v1',
      ...headers,
    },
    body,
    deadlineMs: upstreamTimeoutMs,
    // What only reads is not finished for a client that is gone. What changes something is: the client may ask for it again.
    ...(route.method === 'GET' && { signal: goneSignal(req.res!) }),
  }
  const answer = await (streamUntil === undefined ? mesh.request(request) : mesh.stream(request, streamUntil))
  if (priorityOf(route) === 'intake') {
    const left = Number(answer.headers[ROOM_HEADER] ?? Number.NaN)
    if (Number.isInteger(left)) room.learn(left)
    const order_id = orderIn(answer.headers.location)
    if (order_id !== undefined) log.info({ order_id, operation: route.operation }, 'an order was accepted')
  }
  return answer
}

export type Answer = Awaited<ReturnType<typeof ask>>

/** Gives the owner's answer on as it is, without what is between us and the owner. */
export function pass(res: Response, { status, headers, body }: Answer): void {
  for (const name of ANSWER_HEADERS) {
    const value = headers[name]
    if (value !== undefined) res.set(name, value)
  }
  res.status(status).end(body)
}

function orderIn(location: string | undefined): string | undefined {
  return location?.split('/orders/')[1]
}
