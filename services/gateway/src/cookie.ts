import type { Request, Response } from 'express'
import { isLoopbackHost } from './origin.ts'

const NAME = 'lepton_session'

/** Browsers take a `__Host-` cookie over TLS only, and from this host only: no sibling domain can plant one. */
function nameFor(req: Request): string {
  return isLoopbackHost(req) && !req.secure ? NAME : `__Host-${NAME}`
}

export function readCookie(req: Request): string | undefined {
  return new RegExp(`(?:^|; *)${nameFor(req)}=([\\w.-]+)`).exec(req.get('cookie') ?? '')?.[1]
}

export function setCookie(req: Request, res: Response, value: string, maxAgeS: number): void {
  const name = nameFor(req)
  const secure = name === NAME ? '' : '; Secure'
  const cookie = `${name}=${value}; Max-Age=${maxAgeS}; Path=/; HttpOnly; SameSite=Lax${secure}`
  res.append('set-cookie', cookie)
}

export function clearCookie(req: Request, res: Response): void {
  setCookie(req, res, '', 0)
}
