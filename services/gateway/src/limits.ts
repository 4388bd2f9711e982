import { refuse } from '@lepton/common/problem'
import type { RequestHandler } from 'express'
import { ipKeyGenerator, rateLimit } from 'express-rate-limit'

const WINDOW_MS = 60_000

/** Refuses what goes beyond `perMinute` requests of one key; idempotent repeats count like all others. */
function limit(
  perMinute: number,
  keyOf: (locals: Record<string, unknown>, ip: string) => string,
): RequestHandler {
  return rateLimit({
    windowMs: WINDOW_MS,
    limit: perMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    keyGenerator: (req, res) => keyOf(res.locals, ipKeyGenerator(req.ip ?? '')),
    handler: (_req, res, next) => {
      const retryAfterS = Number(res.get('retry-after') ?? 1)
      next(refuse('too-many-requests', `At most ${perMinute} requests a minute.`, { retryAfterS }))
    },
  })
}

export function limitAddress(perMinute: number): RequestHandler {
  return limit(perMinute, (_locals, ip) => ip)
}

/** By who asks; `res.locals.subject` is set by then. */
export function limitSubject(perMinute: number): RequestHandler {
  return limit(perMinute, ({ subject }, ip) => (typeof subject === 'string' ? subject : ip))
}
