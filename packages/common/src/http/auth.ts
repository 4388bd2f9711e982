import { readFile } from 'node:fs/promises'
import { createLocalJWKSet, errors, importJWK, type JSONWebKeySet, jwtVerify, SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import { type As, PASSED_HEADER } from './passed.ts'
import type { Access } from './route.ts'
import { refuse, Unavailable } from '../runtime/problem.ts'

export type Role = Exclude<Access, 'anyone'>

export interface Caller {
  /** A customer's or operator's id, or the name of the calling service. */
  subject: string
  role: Role
  /** The operations that a service's token was issued for; empty for people. */
  scopes: readonly string[]
  token: string
  /** Unix seconds. */
  expires_at: number
  /** What an operator signed in as. */
  name?: string
  /** The session that the token belongs to, and when it began (Unix seconds). */
  session?: { id: string; began_at: number }
}

/** What an audit trail calls a caller. */
export function nameOf({ name, subject }: Pick<Caller, 'name' | 'subject'>): string {
  return name ?? subject
}

/** @param audience whom the token must be for, where that is not this service */
export type Verify = (token: string, audience?: string) => Promise<Caller>

/** Of the tokens that people have: the gateway takes them, and gives the owner of what is asked one of its own. */
export const SHOP_AUDIENCE = 'lepton'
const CLOCK_LEEWAY_S = 30
const KEYS_REREAD_MS = 5_000

/**
 * Checks tokens against the public keys in a file, which is read again when a key is unknown.
 *
 * The algorithm is pinned to EdDSA. A key vouches only for its own issuer (`kid` = `<issuer>-…`), and
 * only the gateway may speak for people: a service's key cannot forge a customer. A verified token is
 * remembered until it expires, since one verification costs more than the rest of a request.
 *
 * @throws Refusal `unauthenticated`, which does not say what exactly was wrong
 */
export function createVerifier({
  jwksFile,
  cacheSize = 10_000,
  audience = SHOP_AUDIENCE,
  also = [],
  leewayS = CLOCK_LEEWAY_S,
}: {
  jwksFile: string
  cacheSize?: number
  /** Whom tokens are for, unless it is said with one. */
  audience?: string
  /** Other audiences that count as well. */
  also?: readonly string[]
  /** How long after its end a token still counts; for clocks that differ, unless given. */
  leewayS?: number
}): Verify {
  const verified = new LRUCache<string, Caller>({ max: cacheSize })
  let keys: ReturnType<typeof createLocalJWKSet> | undefined
  let readAt = 0

  async function readKeys() {
    readAt = Date.now()
    try {
      keys = createLocalJWKSet(JSON.parse(await readFile(jwksFile, 'utf8')) as JSONWebKeySet)
    } catch (error) {
      if (keys === undefined) throw new Unavailable('the key set', { cause: error })
    }
    return keys
  }

  async function check(token: string, wanted: string): Promise<Caller> {
    const options = { algorithms: ['EdDSA'], audience: [wanted, ...also], clockTolerance: leewayS }
    const attempt = async () => jwtVerify(token, keys ?? (await readKeys()), options)
    const { payload, protectedHeader } = await attempt().catch(async (error: unknown) => {
      if (!(error instanceof errors.JWKSNoMatchingKey) || Date.now() - readAt < KEYS_REREAD_MS) throw error
      await readKeys()
      return attempt()
    })
    const { sub, iss, exp, role, scope, name, sid, auth_time } = payload as Record<string, unknown>
    const isOwnKey = protectedHeader.kid?.startsWith(`${String(iss)}-`) === true
    const isRole =
      role === 'service' ? sub === iss : (role === 'customer' || role === 'operator') && iss === 'gateway'
    if (!isOwnKey || !isRole || typeof sub !== 'string' || typeof exp !== 'number') {
      throw new errors.JWTClaimValidationFailed('issuer, role or subject', payload)
    }
    return {
      subject: sub,
      role: role as Role,
      scopes: typeof scope === 'string' ? scope.split(' ') : [],
      token,
      expires_at: exp,
      ...(typeof name === 'string' && { name }),
      ...(typeof sid === 'string' &&
        typeof auth_time === 'number' && { session: { id: sid, began_at: auth_time } }),
    }
  }

  return async (token, wanted = audience) => {
    const name = `${wanted} ${token}`
    const known = verified.get(name)
    if (known !== undefined && known.expires_at + leewayS > Date.now() / 1000) return known
    try {
      const caller = await check(token, wanted)
      verified.set(name, caller)
      return caller
    } catch (error) {
      if (error instanceof errors.JOSEError) {
        throw refuse('unauthenticated', 'The token is missing, expired or not valid.')
      }
      throw error
    }
  }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** The token in an `Authorization` header; undefined where there is none, or none of this kind. */
export function bearerIn(authorization: string | undefined): string | undefined {
  return /^Bearer ([\w.-]+)$/i.exec(authorization ?? '')?.[1]
}

export interface Signer {
  sign(
    claims: Pick<Caller, 'subject' | 'role' | 'name' | 'session'> & { scope?: string },
    options?: { ttlS?: number; audience?: string },
  ): Promise<string>
  /** This service itself asks: with a token for one operation of another, renewed before it ends. */
  as: As
  /** It asks for the person whose tokens it got with a request, and shows that it did. */
  onBehalfOf(passed: readonly string[]): As
}

/**
 * Signs tokens with this service's private key (a JWK as JSON). Tokens live 15 minutes by default.
 *
 * @param isShopWide whether tokens are good at every service, as they were once
 */
export function createSigner({
  issuer,
  jwk,
  isShopWide = false,
}: {
  issuer: string
  jwk: string
  isShopWide?: boolean
}): Signer {
  const parsed = JSON.parse(jwk) as { kid: string }
  const key = importJWK(parsed, 'EdDSA')
  const own = new Map<string, { token: string; renewAt: number }>()

  const sign: Signer['sign'] = async (
    { subject, role, scope, name, session },
    { ttlS = 900, audience = SHOP_AUDIENCE } = {},
  ) =>
    new SignJWT({
      role,
      ...(scope !== undefined && { scope }),
      ...(name !== undefined && { name }),
      ...(session !== undefined && { sid: session.id, auth_time: session.began_at }),
    })
      .setProtectedHeader({ alg: 'EdDSA', kid: parsed.kid })
      .setIssuer(issuer)
      .setSubject(subject)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(`${ttlS}s`)
      .sign(await key)

  const as: As = async ({ operation, owner }) => {
    const audience = isShopWide ? SHOP_AUDIENCE : owner
    const known = own.get(`${audience} ${operation}`)
    if (known !== undefined && known.renewAt > Date.now()) return bearer(known.token)
    const token = await sign({ subject: issuer, role: 'service', scope: operation }, { audience })
    own.set(`${audience} ${operation}`, { token, renewAt: Date.now() + 450_000 })
    return bearer(token)
  }

  return {
    sign,
    as,
    onBehalfOf: (passed) => async (question) =>
      isShopWide ? bearer(passed[0]!) : { ...(await as(question)), [PASSED_HEADER]: passed.join(' ') },
  }
}
