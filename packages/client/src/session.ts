import type { Answer, RouteOf } from './api.ts'
import { errorOf, noAnswer } from './shop-error.ts'

type Opened = Answer<RouteOf<'POST', '/session'>>

/** How requests prove whose they are. */
export interface Credentials {
  /** What proves whose the next request to this path is. */
  next: (path: string) => Promise<RequestInit>
  /** After a 401: others than those before. */
  renew: () => Promise<void>
}

export interface Operator {
  secret: string
  /** What the audit trail names. */
  name?: string
}

/**
 * A bearer token, taken at the first request. A guest's is renewed with the old one, which keeps its cart and its orders; an
 * operator signs in again.
 */
export function bearerSession(base: string, operator: Operator | undefined, token?: string): Credentials {
  let current = token === undefined ? undefined : Promise.resolve(token)

  async function begin(previous?: string): Promise<string> {
    const answer = await post(base, operator === undefined ? '/session' : '/session/operator', {
      credentials: 'omit',
      headers: {
        ...(previous !== undefined && { authorization: `Bearer ${previous}` }),
        ...(operator !== undefined && { 'content-type': 'application/json' }),
      },
      ...(operator !== undefined && { body: JSON.stringify(operator) }),
    })
    return answer.token
  }

  /** One request for a token, however many wait for it; a failed one is not kept. */
  function replace(previous?: string): Promise<string> {
    const begun = begin(previous)
    current = begun
    begun.catch(() => {
      if (current === begun) current = previous === undefined ? undefined : Promise.resolve(previous)
    })
    return begun
  }

  return {
    next: async () => ({
      credentials: 'omit',
      headers: { authorization: `Bearer ${await (current ?? replace())}` },
    }),
    renew: async () => {
      await replace(await current?.catch(() => undefined))
    },
  }
}

/** What a shopper owns. A browser without a cookie would be refused there, and would say so in its console. */
const OF_SHOPPERS = /^\/(cart|orders|payments)(\/|$)/

/** The browser's own cookie. A guest's is asked for before the first request that needs one. */
export function cookieSession(base: string): Credentials {
  let begun: Promise<void> | undefined

  async function begin(): Promise<void> {
    const answer = await fetch(`${base}/session`).catch((error: unknown) => {
      throw noAnswer(error)
    })
    if (!answer.ok) throw await errorOf(answer)
    const { customer } = (await answer.json()) as Answer<RouteOf<'GET', '/session'>>
    if (customer === null) await post(base, '/session', {})
  }

  /** Once, however many requests wait for it; a failed one is not kept. */
  function once(): Promise<void> {
    begun ??= begin().catch((error: unknown) => {
      begun = undefined
      throw error
    })
    return begun
  }

  return {
    next: async (path) => {
      if (OF_SHOPPERS.test(path)) await once()
      return { credentials: 'same-origin' }
    },
    renew: () => {
      begun = undefined
      return once()
    },
  }
}

async function post(base: string, path: string, init: RequestInit): Promise<Opened> {
  const answer = await fetch(base + path, { method: 'POST', ...init }).catch((error: unknown) => {
    throw noAnswer(error)
  })
  if (!answer.ok) throw await errorOf(answer)
  return (await answer.json()) as Opened
}
