import type { IncomingMessage } from 'node:http'
import type { Request } from 'express'
import { z } from 'zod'
import { type FieldError, refuse } from '../runtime/problem.ts'
import type { RouteDefinition } from './route.ts'

const IdempotencyKey = z.string().regex(/^[\x21-\x7e]{16,255}$/, 'must be 16 to 255 visible ASCII characters')

const NO_QUERY = z.strictObject({})

/** Whether a body comes with the request, whichever way it is framed: an empty one counts where its length is open. */
export function hasBody({ headers }: { headers: Request['headers'] }): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** JSON in UTF-8, as RFC 8259 has it: a parser that takes other codings too would read what no other reader does. */
export function isJson(req: Pick<IncomingMessage, 'headers'>): boolean {
  const [type = '', ...parameters] = (req.headers['content-type'] ?? '').toLowerCase().split(';')
  const charset = parameters.map((one) => one.trim()).find((one) => one.startsWith('charset='))
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset)
  return type.trim() === 'application/json' && isUtf8
}

/**
 * What a request says, as its route's schemas have it.
 *
 * @throws Refusal that names every field which is not as it should be
 */
export function parseRequest(route: RouteDefinition, req: Request) {
  const errors: FieldError[] = []
  function check(schema: z.ZodType | undefined, value: unknown, pointer: Pointer) {
    const parsed = schema?.safeParse(value)
    if (parsed?.error !== undefined) errors.push(...fieldErrors(parsed.error.issues, pointer))
    return parsed?.data
  }
  if (route.body !== undefined && req.body === undefined && hasBody(req)) {
    throw refuse('unsupported-media-type', 'Send the body as application/json.')
  }
  const params = check(route.params, req.params, (path) => `{${path.join('/')}}`)
  const query = check(route.query ?? NO_QUERY, req.query, (path) => `?${path.join('/')}`)
  const body = check(route.body, route.body && ((req.body as unknown) ?? {}), bodyPointer)
  const idempotencyKey = req.get('idempotency-key')
  if (route.idempotency !== undefined && idempotencyKey !== undefined) {
    check(IdempotencyKey, idempotencyKey, () => 'Idempotency-Key')
  }
  if (errors.length > 0) throw refuse('invalid-request', 'Some fields are invalid.', { errors })
  if (route.idempotency === 'required' && idempotencyKey === undefined) {
    throw refuse(
      'idempotency-key-missing',
      'Send a header Idempotency-Key with 16 to 255 characters that you never use again.',
    )
  }
  return { params, query: route.query && query, body, idempotencyKey, path: canonicalPath(route, params) }
}

/** The path of a request in the one spelling that keys and derived ids are made from. */
function canonicalPath({ path }: RouteDefinition, params: unknown): string {
  return path.replace(/:(\w+)/g, (_, name: string) => String((params as Record<string, unknown>)[name]))
}

type Pointer = (path: string[]) => string

/** A JSON pointer (RFC 6901) into the body. */
export function bodyPointer(path: string[]): string {
  return path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

export function fieldErrors(issues: readonly z.core.$ZodIssue[], pointer: Pointer): FieldError[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map(String)
    if (issue.code !== 'unrecognized_keys') return [{ pointer: pointer(path), detail: issue.message }]
    return issue.keys
      .slice(0, 20)
      .map((key) => ({ pointer: pointer([...path, key]), detail: 'is not a known field' }))
  })
}
