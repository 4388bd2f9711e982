import { type BlockList, isIP, isIPv6 } from 'node:net'
import type { Caller, Role, Signer, Verify } from '@lepton/common/auth'
import { derivedId } from '@lepton/common/id'
import { refuse } from '@lepton/common/problem'
import type { Request, Response } from 'express'
import { LRUCache } from 'lru-cache'

export const SESSION_AUDIENCE = 'lepton-session'
const COOKIE = 'lepton_session'
const SESSION_S = 30 * 86_400
const OPERATOR_SESSION_S = 12 * 3_600
const ACCESS_S = 900

export interface Identity {
  /** Who asks, by bearer token or cookie; undefined where neither was sent. */
  of(req: Request, res: Response): Promise<Caller | undefined>
  /** A fresh access token, and the cookie that goes with it. */
  begin(
    req: Request,
    res: Response,
    subject: string,
    role: Extract<Role, 'customer' | 'operator'>,
  ): Promise<Caller>
  end(req: Request, res: Response): void
  /** In development, who a request from this machine without a token is. */
  demo(req: Request, role: 'customer' | 'operator'): Promise<Caller | undefined>
}

/**
 * Knows people by a bearer token of 15 minutes, or by a cookie of 30 days that the gateway changes
 * into such a token for the services. The cookie is renewed at half-life.
 */
export function createIdentity({
  signer,
  verify,
  verifySession,
  demoFrom,
}: {
  signer: Signer
  verify: Verify
  verifySession: Verify
  /** Undefined outside development. */
  demoFrom: BlockList | undefined
}): Identity {
  const issued = new LRUCache<string, Caller>({ max: 10_000, ttl: (ACCESS_S / 2) * 1_000 })

  async function accessFor(subject: string, role: 'customer' | 'operator'): Promise<Caller> {
    const key = `${role} ${subject}`
    const known = issued.get(key)
    if (known !== undefined) return known
    const caller = await verify(await signer.sign({ subject, role }, { ttlS: ACCESS_S }))
    issued.set(key, caller)
    return caller
  }

  async function setCookie(
    req: Request,
    res: Response,
    subject: string,
    role: 'customer' | 'operator',
  ): Promise<void> {
    const ttlS = role === 'operator' ? OPERATOR_SESSION_S : SESSION_S
    const session = await signer.sign({ subject, role }, { ttlS, audience: SESSION_AUDIENCE })
    res.append('set-cookie', cookie(req, session, ttlS))
  }

  return {
    of: async (req, res) => {
      const authorization = req.get('authorization')
      if (authorization !== undefined) {
        const token = /^Bearer ([\w.-]+)$/i.exec(authorization)?.[1]
        if (token === undefined) throw refuse('unauthenticated', 'Send a token as "Authorization: Bearer …".')
        return verify(token)
      }
      const session = new RegExp(`(?:^|; *)${COOKIE}=([\\w.-]+)`).exec(req.get('cookie') ?? '')?.[1]
      if (session === undefined) return undefined
      const { subject, role, expires_at } = await verifySession(session)
      if (role === 'service') throw refuse('forbidden', 'This token may not do that.')
      refuseForeignWrite(req)
      const ttlS = role === 'operator' ? OPERATOR_SESSION_S : SESSION_S
      if (expires_at - Date.now() / 1000 < ttlS / 2) await setCookie(req, res, subject, role)
      return accessFor(subject, role)
    },
    begin: async (req, res, subject, role) => {
      await setCookie(req, res, subject, role)
      return accessFor(subject, role)
    },
    end: (req, res) => void res.append('set-cookie', cookie(req, '', 0)),
    demo: async (req, role) =>
      demoFrom !== undefined && isFrom(demoFrom, req)
        ? accessFor(derivedId('demo shopper'), role)
        : undefined,
  }
}

function cookie(req: Request, value: string, maxAgeS: number): string {
  const secure = req.secure ? '; Secure' : ''
  return `${COOKIE}=${value}; Max-Age=${maxAgeS}; Path=/; HttpOnly; SameSite=Lax${secure}`
}

/** A browser sends the cookie along with any page's request: only our own pages may change something. */
function refuseForeignWrite(req: Request): void {
  if (req.method === 'GET' || req.method === 'HEAD') return
  const origin = req.get('origin')
  if (origin === undefined || URL.parse(origin)?.host !== req.get('host')) {
    throw refuse(
      'forbidden',
      'A change with a cookie must come from a page of this shop (its Origin is checked).',
    )
  }
}

/** By address and by name: a page that rebinds its own name to this machine is not from here. */
function isFrom(addresses: BlockList, req: Request): boolean {
  const address = (req.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  const isKnown = isIP(address) !== 0 && addresses.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  const isOurName = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(req.get('host') ?? '')
  return isKnown && isOurName && req.get('origin') === undefined
}
