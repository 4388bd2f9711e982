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
  return limitOpen('requests', ({ subject }) =>
    typeof subject === 'string' ? { key: subject, most } : undefined,
  )
}

/** The same for streams, which stay open: of one subject, or of one address where any visitor may read. */
export function limitStreams({
  ofSubject,
  ofAddress,
}: {
  ofSubject: number
  ofAddress: number
}): RequestHandler {
  return limitOpen('streams', ({ subject }, ip) =>
    typeof subject === 'string' ? { key: subject, most: ofSubject } : { key: ip, most: ofAddress },
  )
}

function limitOpen(
  what: string,
  limitOf: (locals: Record<string, unknown>, ip: string) => { key: string; most: number } | undefined,
): RequestHandler {
  const open = new Map<string, number>()
  return (req, res, next) => {
    const found = limitOf(res.locals, ipKeyGenerator(req.ip ?? ''))
    if (found === undefined) return next()
    const { key, most } = found
    const count = open.get(key) ?? 0
    if (count >= most) {
      return next(refuse('too-many-requests', `At most ${most} ${what} at once.`, { retryAfterS: 1 }))
    }
    open.set(key, count + 1)
    res.once('close', () => {
      const left = open.get(key)! - 1
      if (left === 0) open.delete(key)
      else open.set(key, left)
    })
    next()
  }
}
