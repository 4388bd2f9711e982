import type { Request, Response } from 'express'
import { isLoopbackHost } from './origin.ts'

/** A cookie for each role, so that one browser shops and operates; an operator's goes with no page of another site. */
const COOKIES = {
  customer: { name: 'lepton_session', sameSite: 'Lax' },
  operator: { name: 'lepton_operator', sameSite: 'Strict' },
} as const

export type CookieRole = keyof typeof COOKIES
export const COOKIE_ROLES = Object.keys(COOKIES) as CookieRole[]

/** Browsers take a `__Host-` cookie over TLS only, and from this host only: no sibling domain can plant one. */
function nameFor(req: Request, role: CookieRole): string {
  const { name } = COOKIES[role]
  return isPlain(req) ? name : `__Host-${name}`
}

function isPlain(req: Request): boolean {
  return isLoopbackHost(req) && !req.secure
}

export function readCookie(req: Request, role: CookieRole): string | undefined {
  return new RegExp(`(?:^|; *)${nameFor(req, role)}=([\\w.-]+)`).exec(req.get('cookie') ?? '')?.[1]
}

export function setCookie(
  req: Request,
  res: Response,
  role: CookieRole,
  value: string,
  maxAgeS: number,
): void {
  const secure = isPlain(req) ? '' : '; Secure'
  const { sameSite } = COOKIES[role]
  const cookie = `${nameFor(req, role)}=${value}; Max-Age=${maxAgeS}; Path=/; HttpOnly; SameSite=${sameSite}${secure}`
  res.append('set-cookie', cookie)
}

export function clearCookie(req: Request, res: Response, role: CookieRole): void {
  setCookie(req, res, role, '', 0)
}
