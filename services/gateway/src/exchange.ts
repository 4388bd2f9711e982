import type { Caller, Signer } from '@lepton/common/http/auth'
import type { TokenAudience } from '@lepton/common/http/passed'
import { LRUCache } from 'lru-cache'

const MAX_KNOWN = 40_000

export type Exchange = (caller: Caller, service: string) => Promise<string>

/**
 * Changes the token that a person has into one that is good at one service, and not at the gateway: a service, or who
 * reads its memory or its log, can do nothing with it anywhere else. It ends when the person's own does.
 */
export function createExchange(signer: Pick<Signer, 'sign'>, audience: TokenAudience): Exchange {
  if (audience === 'shop') return ({ token }) => Promise.resolve(token)
  const known = new LRUCache<string, string>({ max: MAX_KNOWN })

  return async ({ token, subject, role, name, session, expires_at }, service) => {
    const place = `${service} ${token}`
    const before = known.get(place)
    if (before !== undefined) return before
    const ttlS = Math.max(1, Math.floor(expires_at - Date.now() / 1_000))
    const person = {
      subject,
      role,
      ...(name !== undefined && { name }),
      ...(session !== undefined && { session }),
    }
    const own = await signer.sign(person, { ttlS, audience: service })
    known.set(place, own, { ttl: ttlS * 1_000 })
    return own
  }
}
