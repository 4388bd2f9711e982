import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import {
  ANONYMOUS_RULES,
  type ConsulRules,
  consulRules,
  CONSUL_USERS,
  type ConsulUser,
} from './consul-rights.ts'

const ANONYMOUS_TOKEN = '00000000-0000-0000-0000-000000000002'
const ASK_TIMEOUT_MS = 5_000
/** A server that has just become the leader does not answer about tokens at once. */
const READY = { timeoutMs: 20_000, everyMs: 50 }
const Policies = z.array(z.object({ ID: z.string(), Name: z.string() }))

/**
 * Makes the tokens of the services and of the operator, and brings their rights up to date; a token that exists stays.
 *
 * @throws Error where Consul does not take the management token, or refuses a change
 */
export async function createConsulTokens(
  address: string,
  managementToken: string,
  tokens: Record<ConsulUser, string>,
): Promise<void> {
  const ask = askWith(address, managementToken)
  const known = new Map((await whenReady(ask)).map(({ Name, ID }) => [Name, ID]))

  async function grant(user: string, rules: ConsulRules): Promise<{ Name: string }> {
    const [Name, Rules] = [`lepton-${user}`, JSON.stringify(rules)]
    const id = known.get(Name)
    await ask('PUT', id === undefined ? 'policy' : `policy/${id}`, { ID: id, Name, Rules })
    return { Name }
  }

  async function createToken(user: ConsulUser): Promise<void> {
    const Policies = [await grant(user, consulRules(user))]
    const own = await fetchAcl(address, tokens[user], 'GET', 'token/self')
    if (own.ok) return
    await ask('PUT', 'token', { SecretID: tokens[user], Description: `lepton: ${user}`, Policies })
  }

  async function grantAnonymous(): Promise<void> {
    const Policies = [await grant('anonymous', ANONYMOUS_RULES)]
    const Description = 'lepton: without a token'
    await ask('PUT', `token/${ANONYMOUS_TOKEN}`, { AccessorID: ANONYMOUS_TOKEN, Description, Policies })
  }

  await Promise.all([grantAnonymous(), ...CONSUL_USERS.map(createToken)])
}

/** Resolves when a server that has just started takes the management token. */
export async function untilTokensAnswer(address: string, managementToken: string): Promise<void> {
  await whenReady(askWith(address, managementToken))
}

/** Takes a token's rights away; one that there is not has none. */
export async function revokeConsulToken(
  address: string,
  managementToken: string,
  token: string,
): Promise<void> {
  const self = await fetchAcl(address, token, 'GET', 'token/self')
  if (!self.ok) return
  const { AccessorID } = z.object({ AccessorID: z.string() }).parse(await self.json())
  await askWith(address, managementToken)('DELETE', `token/${AccessorID}`)
}

type Ask = ReturnType<typeof askWith>

function askWith(address: string, token: string) {
  return async (method: Method, path: string, body?: object): Promise<unknown> => {
    const answer = await fetchAcl(address, token, method, path, body)
    const text = await answer.text()
    if (!answer.ok)
      throw new Error(`Consul answers ${answer.status} to ${method} ${path}: ${text.slice(0, 200)}`)
    return JSON.parse(text)
  }
}

type Method = 'GET' | 'PUT' | 'DELETE'

function fetchAcl(address: string, token: string, method: Method, path: string, body?: object) {
  return fetch(`${address}/v1/acl/${path}`, {
    method,
    headers: { 'x-consul-token': token },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
  })
}

async function whenReady(ask: Ask): Promise<z.infer<typeof Policies>> {
  for (const endsAt = performance.now() + READY.timeoutMs; ;) {
    try {
      return Policies.parse(await ask('GET', 'policies'))
    } catch (error) {
      if (performance.now() > endsAt) throw error
      await delay(READY.everyMs)
    }
  }
}
