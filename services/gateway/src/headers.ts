import { refuse } from '@lepton/shop/refuse'
import type { RequestHandler } from 'express'
import helmet from 'helmet'
import { isWebPage } from './web.ts'

const HSTS = 'max-age=31536000; includeSubDomains'
const NOTHING = { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] }
const WEB = {
  ...NOTHING,
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
}
// Swagger UI styles its elements one by one.
const PAGES = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
}

/** The headers that tell a browser what it may do with our answers: pages load their own files, answers nothing. */
export function secureHeaders(): RequestHandler[] {
  const policy = (directives: Record<string, string[]>) =>
    helmet.contentSecurityPolicy({ useDefaults: false, directives })
  const [ofWeb, ofPages, ofAnswers] = [policy(WEB), policy(PAGES), policy(NOTHING)]
  return [
    helmet({ contentSecurityPolicy: false, strictTransportSecurity: false }),
    (req, res, next) => {
      // Over plain HTTP a browser ignores it, and a reader is misled.
      if (req.secure) res.set('strict-transport-security', HSTS)
      if (isWebPage(req.path) || req.path.startsWith('/assets/')) return ofWeb(req, res, next)
      const isPage = /^\/(api\/docs|problems)(\/|$)/.test(req.path)
      ;(isPage ? ofPages : ofAnswers)(req, res, next)
    },
  ]
}

/** Two Host headers are two opinions of whom the request is for (RFC 9112, 3.2). */
export const refuseTwoHosts: RequestHandler = (req, _res, next) => {
  const hosts = req.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host')
  if (hosts.length > 1) throw refuse('invalid-request', 'The request has more than one Host header.')
  next()
}
