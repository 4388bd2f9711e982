import type { Caller } from '@lepton/common/auth'
import type { MeshClient } from '@lepton/common/mesh/client'
import type { RouteDefinition } from '@lepton/contracts/route'
import type { Request, Response } from 'express'

const REQUEST_HEADERS = [
  'content-type',
  'accept',
  'idempotency-key',
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
  /** Below `/api/v1`, query included. */
  path: string
  body?: Buffer | undefined
  headers?: Record<string, string>
}

/** Asks the route's owner, on whichever instance the mesh finds best. */
export function ask(
  mesh: MeshClient,
  route: RouteDefinition,
  caller: Caller | undefined,
  req: Request,
  request: Forwarded,
  timeoutMs: number,
) {
  const passed = REQUEST_HEADERS.flatMap((name) => {
    const value = req.get(name)
    return value === undefined ? [] : [[name, value]]
  })
  return mesh.request({
    service: route.owner,
    operation: route.operation,
    method: route.method,
    path: request.path,
    headers: {
      ...(Object.fromEntries(passed) as Record<string, string>),
      ...(caller !== undefined && { authorization: `Bearer ${caller.token}` }),
      'x-forwarded-prefix': '/api/v1',
      ...request.headers,
    },
    body: request.body,
    deadlineMs: timeoutMs,
  })
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
