import { refuse } from '@lepton/shop/refuse'
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

/**
 * Refuses what one subject has in flight beyond `most`: a hundred requests at once cost their own sender a wait, and
 * no other guest.
 */
export function limitInFlight(most: number): RequestHandler {
  const inFlight = new Map<string, number>()
  return (_req, res, next) => {
    const { subject } = res.locals as { subject?: string }
    if (subject === undefined) return next()
    const count = inFlight.get(subject) ?? 0
    if (count >= most) {
      return next(refuse('too-many-requests', `At most ${most} requests at once.`, { retryAfterS: 1 }))
    }
    inFlight.set(subject, count + 1)
    res.once('close', () => {
      const left = inFlight.get(subject)! - 1
      if (left === 0) inFlight.delete(subject)
      else inFlight.set(subject, left)
    })
    next()
  }
}
