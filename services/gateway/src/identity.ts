import type { BlockList } from 'node:net'
import { bearerIn, type Caller, type Role, type Signer, type Verify } from '@lepton/common/http/auth'
import { derivedId, newId } from '@lepton/common/runtime/id'
import { refuse } from '@lepton/shop/refuse'
import type { Request, Response } from 'express'
import { LRUCache } from 'lru-cache'
import { clearCookie, COOKIE_ROLES, type CookieRole, readCookie, setCookie } from './cookie.ts'
import { isForeign, isFromHere, isFromOwnPageHere } from './origin.ts'

export const SESSION_AUDIENCE = 'lepton-session'
export const ACCESS_S = 900
/** What the audit trail calls an operator who signed in without the secret. */
export const DEMO_NAME = 'demo'
const MAX_REVOKED = 100_000

export type Person = Pick<Caller, 'subject' | 'name'> & { role: CookieRole }

/** A caller whose token says which session it belongs to. */
type Visitor = Caller & { session: NonNullable<Caller['session']> }

export interface SessionAges {
  customerS: number
  operatorS: number
}

export interface Identity {
  /** Who asks, by bearer token or by the cookie of the first of these roles; undefined where neither was sent. */
  of(req: Request, res: Response, roles: readonly CookieRole[]): Promise<Caller | undefined>
  /**
   * A fresh token for the caller: of the same session where a cookie or a bearer token says which, also one that
   * has expired, and of a new one with a cookie otherwise.
   *
   * @throws Refusal `forbidden` where a foreign page asks: what it gets would replace the shopper's own cookie
   */
  renew(req: Request, res: Response): Promise<Caller>
  /** A new session with its cookie. */
  begin(req: Request, res: Response, person: Person): Promise<Caller>
  /**
   * Ends the sessions that the request carries, or those of one role: clears the cookies, and refuses every token of
   * the sessions from now on, here and until a restart.
   */
  end(req: Request, res: Response, role?: CookieRole): Promise<void>
  /** In development, who a request from this machine without a token is. */
  demo(req: Request, role: CookieRole): Promise<Caller | undefined>
  /** Whether this request may sign in as an operator without the secret: in development, from this machine's own page. */
  mayBeDemoOperator(req: Request): boolean
}

/**
 * Knows people by a bearer token of 15 minutes, or by a cookie that the gateway changes into such a token for the
 * services. A bearer token can be renewed until its session is as old as it may be; a browser's cookie is renewed at
 * half-life.
 */
export function createIdentity({
  signer,
  verify,
  verifySession,
  verifyExpired,
  ages,
  demoFrom,
}: {
  signer: Signer
  verify: Verify
  verifySession: Verify
  /** Takes bearer tokens that expired within the age of a session. */
  verifyExpired: Verify
  ages: SessionAges
  /** Undefined outside development. */
  demoFrom: BlockList | undefined
}): Identity {
  const issued = new LRUCache<string, Caller>({ max: 10_000, ttl: (ACCESS_S / 2) * 1_000 })
  const revoked = new LRUCache<string, true>({ max: MAX_REVOKED, ttl: ages.customerS * 1_000 })
  const ageOf = (role: Role) => (role === 'operator' ? ages.operatorS : ages.customerS)

  async function accessFor(person: Person, session: NonNullable<Caller['session']>): Promise<Caller> {
    const known = issued.get(`${person.role} ${session.id}`)
    if (known !== undefined) return known
    // A token does not outlive its session.
    const leftS = session.began_at + ageOf(person.role) - nowS()
    const ttlS = Math.max(1, Math.min(ACCESS_S, Math.floor(leftS)))
    const caller = await verify(await signer.sign({ ...person, session }, { ttlS }))
    issued.set(`${person.role} ${session.id}`, caller)
    return caller
  }

  async function beginSession(req: Request, res: Response, person: Person, id = newId()): Promise<Caller> {
    const session = { id, began_at: Math.floor(nowS()) }
    const ttlS = ageOf(person.role)
    const token = await signer.sign({ ...person, session }, { ttlS, audience: SESSION_AUDIENCE })
    setCookie(req, res, person.role, token, ttlS)
    issued.delete(`${person.role} ${id}`)
    return accessFor(person, session)
  }

  /** @throws Refusal for a session that has ended */
  function requireOpen({ session, role }: Caller): void {
    if (session === undefined) return
    if (revoked.has(session.id) || session.began_at + ageOf(role) < nowS()) {
      throw refuse('unauthenticated', 'This session has ended. POST /api/v1/session begins a new one.')
    }
  }

  async function ofCookie(req: Request, role: CookieRole): Promise<Visitor | undefined> {
    const token = readCookie(req, role)
    if (token === undefined) return undefined
    const caller = await verifySession(token)
    if (!isVisitor(caller) || caller.role !== role)
      throw refuse('unauthenticated', 'This cookie is of an older shop. POST /api/v1/session gives another.')
    requireOpen(caller)
    return caller
  }

  /** Genuine, however long ago it expired: its session is what ends. */
  async function ofExpiredBearer(req: Request): Promise<Visitor | undefined> {
    const bearer = bearerOf(req)
    if (bearer === undefined) return undefined
    const caller = await verifyExpired(bearer)
    requireOpen(caller)
    return isVisitor(caller) ? caller : undefined
  }

  function bearerOf(req: Request): string | undefined {
    const authorization = req.get('authorization')
    if (authorization === undefined) return undefined
    const token = bearerIn(authorization)
    if (token === undefined) throw refuse('unauthenticated', 'Send a token as "Authorization: Bearer …".')
    return token
  }

  return {
    of: async (req, res, roles) => {
      const bearer = bearerOf(req)
      if (bearer !== undefined) {
        const caller = await verify(bearer)
        requireOpen(caller)
        return caller
      }
      const role = roles.find((one) => readCookie(req, one) !== undefined)
      const caller = role && (await ofCookie(req, role))
      if (caller === undefined) return undefined
      if (req.method !== 'GET' && req.method !== 'HEAD') refuseForeign(req, { needsOrigin: true })
      const isHalfOver = caller.expires_at - nowS() < ageOf(caller.role) / 2
      if (isHalfOver) return beginSession(req, res, personOf(caller), caller.session.id)
      return accessFor(personOf(caller), caller.session)
    },

    renew: async (req, res) => {
      refuseForeign(req)
      // What is no token of ours, or too old to be renewed, begins a new session: this is how one gets a token.
      const known =
        (await ofExpiredBearer(req).catch(() => undefined)) ??
        (await ofCookie(req, 'customer').catch(() => undefined))
      if (known?.role === 'customer') return accessFor(personOf(known), known.session)
      return beginSession(req, res, { subject: newId(), role: 'customer' })
    },

    begin: (req, res, person) => {
      refuseForeign(req)
      return beginSession(req, res, person)
    },

    end: async (req, res, only) => {
      refuseForeign(req)
      const roles = only === undefined ? COOKIE_ROLES : [only]
      const bearer = bearerOf(req)
      const callers = await Promise.allSettled([
        ...roles.map((role) => ofCookie(req, role)),
        bearer === undefined ? undefined : verify(bearer),
      ])
      for (const result of callers) {
        const caller = result.status === 'fulfilled' ? result.value : undefined
        const isMeant = roles.some((role) => role === caller?.role)
        if (isMeant && caller?.session !== undefined) revoked.set(caller.session.id, true)
      }
      for (const role of roles) clearCookie(req, res, role)
    },

    demo: async (req, role) => {
      if (demoFrom === undefined || !isFromHere(demoFrom, req)) return undefined
      const subject = derivedId('demo shopper')
      const session = { id: subject, began_at: Math.floor(nowS() / 3_600) * 3_600 }
      return accessFor({ subject, role, ...(role === 'operator' && { name: DEMO_NAME }) }, session)
    },

    mayBeDemoOperator: (req) => demoFrom !== undefined && isFromOwnPageHere(demoFrom, req),
  }
}

function isVisitor(caller: Caller): caller is Visitor {
  return caller.session !== undefined && caller.role !== 'service'
}

function personOf({ subject, role, name }: Caller): Person {
  return { subject, role: role as Person['role'], ...(name !== undefined && { name }) }
}

function nowS(): number {
  return Date.now() / 1_000
}

/** A browser sends the cookie along with any page's request: only our own pages may change something. */
function refuseForeign(req: Request, { needsOrigin = false } = {}): void {
  if (isForeign(req) || (needsOrigin && req.get('origin') === undefined)) {
    throw refuse(
      'forbidden',
      'A change with a cookie must come from a page of this shop (its Origin is checked).',
    )
  }
}
