import { createSigner } from '@lepton/common/http/auth'
import { ALIAS_ROUTES } from '@lepton/contracts/aliases'
import type { RouteDefinition } from '@lepton/contracts/route'
import type { Service } from '@lepton/contracts/services'
import { ROUTES } from '@lepton/contracts/routes'
import { KEY_OWNERS } from '@lepton/setup/services'
import type { Inside } from '../target.ts'
import { type Attack, bearer } from './attack.ts'
import { addressOf, agentOf } from './listeners.ts'

const PREFIX = '/api/v1'
/** Says that the request came through a proxy, where there is no demo shopper. */
const FROM_AFAR = { via: '1.1 somewhere' }

export interface People {
  owner: { token: string; customerId: string }
  stranger: { token: string }
  operator: { token: string }
  /** Something that belongs to the owner. */
  orderId: string
  forged: [what: string, token: string][]
}

const EXPOSED: RouteDefinition[] = [...ROUTES.filter(({ exposed }) => exposed !== false), ...ALIAS_ROUTES]
const PATHS = new Set(EXPOSED.map(({ method, path }) => `${method} ${path}`))
const HIDDEN = ROUTES.filter(({ method, path }) => !PATHS.has(`${method} ${path}`))

/** Every route of the gateway, asked for by each caller that may not: anonymous, another customer, the wrong role, forgers. */
export function rolesAtTheGateway(people: People): Attack[] {
  return [
    ...EXPOSED.flatMap((route) => rolesAt(route, people)),
    ...HIDDEN.flatMap((route) => hidden(route, people)),
  ]
}

function rolesAt(route: RouteDefinition, { owner, stranger, operator, orderId, forged }: People): Attack[] {
  const { access } = route
  const at = (
    what: string,
    headers: Record<string, string>,
    status: Attack['status'],
    finding?: string,
  ): Attack => ({
    what: `${route.operation} by ${what}`,
    ...(finding !== undefined && { finding }),
    method: route.method,
    path: PREFIX + pathOf(route, orderId),
    // Of a request that may come through, only its fields are refused: it changes nothing.
    ...(route.body !== undefined && { body: {} }),
    headers: { ...FROM_AFAR, ...headers },
    status,
  })
  if (access.includes('anyone')) return []
  const isOperators = !access.includes('customer')
  return [
    at('an anonymous caller', {}, 401, '10'),
    at('a caller with a password', { authorization: 'Basic YWRtaW46YWRtaW4=' }, 401),
    ...forged.map(([what, token]) => at(`a token ${what}`, bearer(token), 401)),
    isOperators ? at('a customer', bearer(owner.token), 403) : at('an operator', bearer(operator.token), 403),
    ...ofOthers(route, (token, status) => at('a stranger', bearer(token), status), stranger.token),
    ...(isOperators ? [] : [at('its owner’s name alone', { 'x-customer-id': owner.customerId }, 401)]),
  ]
}

/** What belongs to another is not there. */
function ofOthers(
  { path, access, body }: RouteDefinition,
  at: (token: string, status: Attack['status']) => Attack,
  token: string,
): Attack[] {
  if (!path.includes(':order_id') || !access.includes('customer') || body !== undefined) return []
  return [at(token, 404)]
}

/** What only services ask of each other is not at the gateway, for any caller. */
function hidden(route: RouteDefinition, { owner, operator, orderId }: People): Attack[] {
  return [owner, operator].flatMap(({ token }) =>
    [PREFIX, ''].map((prefix) => ({
      what: `${route.operation} at the gateway`,
      method: route.method,
      path: prefix + pathOf(route, orderId),
      headers: bearer(token),
      ...(route.body !== undefined && { body: {} }),
      status: 404,
    })),
  )
}

function pathOf({ path }: RouteDefinition, orderId: string): string {
  return path
    .replace(':order_id', orderId)
    .replace(/:(item_id|product_id)/, 'desk-lamp')
    .replace(':letter_id', 'order-1')
}

/** Every service's own key at every route of every service, at its own port: only named callers come through. */
export async function keysAtServices(inside: Inside, { owner, operator }: People): Promise<Attack[]> {
  const signers = await Promise.all(
    KEY_OWNERS.map(async (name) => ({
      name,
      signer: createSigner({ issuer: name, jwk: await inside.keyOf(name) }),
    })),
  )
  const { signer: gateway } = signers.find(({ name }) => name === 'gateway')!
  const attacks: Attack[] = []
  const secureAgent = await agentOf(inside.consul, 'ops', await inside.consulToken('ops'))
  for (const service of KEY_OWNERS.filter((name) => name !== 'gateway')) {
    const address = await addressOf(inside.consul, service)
    for (const route of ROUTES.filter((one) => one.owner === service && !one.access.includes('anyone'))) {
      const at = (who: string, headers: Record<string, string>, isLetIn: boolean, refusal = 403): Attack => ({
        what: `${service}’s ${route.operation} by ${who}`,
        finding: '9',
        method: route.method,
        // An id that is none: who is let in learns that, and changes nothing.
        path: address + route.path.replace(/:\w+/g, 'X'),
        secureAgent,
        headers,
        ...(route.body !== undefined && { body: {} }),
        status: isLetIn ? [200, 400] : refusal,
      })
      // A customer's own requests without a parameter or a body are the journeys' matter.
      attacks.push(at('an anonymous caller', {}, false, 401))
      attacks.push(at('a customer', bearer(owner.token), false, 401))
      attacks.push(at('an operator', bearer(operator.token), false, 401))
      for (const role of ['customer', 'operator'] as const) {
        const person = { subject: owner.customerId, role }
        for (const audience of KEY_OWNERS) {
          const token = await gateway.sign(person, { audience })
          if (audience !== service)
            attacks.push(at(`${role}'s token for ${audience}`, bearer(token), false, 401))
          else if (!route.access.includes(role)) attacks.push(at(`${role}'s own token`, bearer(token), false))
        }
      }
      for (const { name, signer } of signers) {
        const { operation } = route
        attacks.push(at(`the key of ${name}`, await signer.as(route), isCaller(route, name)))
        const otherwise = await signer.as({ operation: 'another_operation', owner: service })
        attacks.push(at(`the key of ${name} for something else`, otherwise, false))
        const elsewhere = await signer.as({ operation, owner: 'gateway' })
        attacks.push(at(`the key of ${name} for another service`, elsewhere, false, 401))
      }
    }
  }
  return attacks
}

function isCaller({ access, callers = [] }: RouteDefinition, name: Service): boolean {
  return access.includes('service') && callers.includes(name)
}
