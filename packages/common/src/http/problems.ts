import type { ErrorRequestHandler, Express, Request, Response } from 'express'
import type { Log } from '../runtime/log.ts'
import { DEADLINE, FAULT_HEADER, OVERLOAD } from '../mesh/blame.ts'
import { Contended, problemDocument, Refusal, refuse, Unavailable } from '../runtime/problem.ts'
import { currentTrace } from '../runtime/trace.ts'

/** How to authenticate: every 401 says it (RFC 9110, 15.5.2). */
const CHALLENGE: Partial<Record<string, string>> = {
  unauthenticated: 'Bearer',
  'signature-invalid': 'Webhook-Signature',
}
const FAULT: Partial<Record<string, string>> = {
  overloaded: OVERLOAD,
  'deadline-exceeded': DEADLINE,
}

/** The last two handlers of an app: an unknown path, and whatever was thrown. */
export function addProblemHandlers(app: Express, log: Log): void {
  app.use(() => {
    throw refuse('not-found', 'There is nothing at this path.')
  })
  const answer = problemAnswerer(log)
  const last: ErrorRequestHandler = (error, req, res, _next) => answer(error, req, res)
  app.use(last)
}

/** Answers with the problem that an error is, unless the request was answered before. */
export function problemAnswerer(log: Log): (error: unknown, req: Request, res: Response) => void {
  return (error, req, res) => {
    if (res.writableEnded) return
    if (res.headersSent) return void res.destroy()
    const refusal = asRefusal(error)
    if (refusal.slug === 'internal-error') log.error({ err: error, path: req.path }, 'request failed')
    else if (refusal.slug === 'unavailable') log.warn({ err: error, path: req.path }, 'request refused')
    if (refusal.retryAfterS !== undefined) res.set('retry-after', String(refusal.retryAfterS))
    const challenge = CHALLENGE[refusal.slug]
    if (challenge !== undefined) res.set('www-authenticate', challenge)
    const fault = error instanceof Unavailable ? error.fault : FAULT[refusal.slug]
    if (fault !== undefined) res.set(FAULT_HEADER, fault)
    const trace = currentTrace()
    res
      .status(refusal.status)
      .type('application/problem+json')
      .send(
        JSON.stringify(
          problemDocument(refusal, {
            instance: instanceOf(req),
            ...(trace && { trace_id: trace.trace_id }),
          }),
        ),
      )
  }
}

/** The path that the client asked for: below the gateway's prefix, and without a host in an absolute-form target. */
function instanceOf(req: Request): string {
  const prefix = req.get('x-forwarded-prefix') ?? ''
  const path = req.originalUrl.replace(/^https?:\/\/[^/?]*/i, '').split('?')[0]!
  return (/^(\/[\w-]+){0,4}$/.test(prefix) ? prefix : '') + path
}

/** Body parsers and routers throw errors of their own; a bug's message never leaves the process. */
function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof Contended) {
    const detail = 'Another request is changing the same thing at this moment.'
    return refuse('request-in-progress', detail, { retryAfterS: 1 })
  }
  if (error instanceof Unavailable)
    return refuse('unavailable', error.message, { retryAfterS: error.retryAfterS })
  const { type, status } = error as { type?: string; status?: number }
  if (type === 'entity.parse.failed') return refuse('invalid-json', 'The body is not valid JSON.')
  if (type === 'entity.too.large') return refuse('body-too-large', 'A body may hold 64 KiB.')
  if (status === 415) return refuse('unsupported-media-type', 'Send the body as application/json in UTF-8.')
  if (status !== undefined && status >= 400 && status < 500)
    return refuse('invalid-request', 'The request cannot be read.')
  return refuse('internal-error', 'The cause is in our log under this trace id.')
}
