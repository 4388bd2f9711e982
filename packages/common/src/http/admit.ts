import type { Request } from 'express'
import { refuse } from '../runtime/problem.ts'
import { bearerIn, type Caller, type Signer, type Verify } from './auth.ts'
import { type As, PASSED_HEADER } from './passed.ts'
import type { RouteDefinition } from './route.ts'

/** Who asks, and as whom this service may ask others for the same request. */
export interface Asker extends Caller {
  as: As
}

/** Services that a request may have come through: each adds its own token. */
const MAX_PASSED = 4

/**
 * Who a request is from, where its route lets them in: a person, a service for itself, or a person for whom a service
 * asks that was asked itself.
 *
 * @throws Refusal `unauthenticated` or `forbidden`
 */
export async function admit(
  route: RouteDefinition,
  req: Pick<Request, 'get'>,
  { verify, signer }: { verify: Verify; signer?: Signer | undefined },
): Promise<Asker | undefined> {
  const bearer = bearerIn(req.get('authorization'))
  const isOpen = route.access.includes('anyone')
  if (bearer === undefined) {
    if (isOpen) return undefined
    throw refuse('unauthenticated', 'Send a token as "Authorization: Bearer …".')
  }
  const sender = await verify(bearer)
  const passed = (req.get(PASSED_HEADER) ?? '').split(' ').filter((token) => token !== '')
  const caller = passed.length === 0 ? sender : await personBehind(sender, passed, verify)
  if (!isOpen && !(passed.length === 0 ? isPermitted(route, sender) : mayAskFor(route, sender, caller))) {
    throw refuse('forbidden', `This needs the token of: ${route.access.join(' or ')}.`)
  }
  return { ...caller, as: signer?.onBehalfOf([...passed, bearer]) ?? asNone }
}

/** A service's scopes are its own word, since it signs its tokens itself: the route says who may call it at all. */
function isPermitted(
  { access, callers = [], operation }: RouteDefinition,
  { role, subject, scopes }: Caller,
): boolean {
  if (!access.includes(role)) return false
  return role !== 'service' || (callers.includes(subject) && scopes.includes(operation))
}

function mayAskFor({ access, delegates = [], operation }: RouteDefinition, sender: Caller, person: Caller) {
  return (
    delegates.includes(sender.subject) && sender.scopes.includes(operation) && access.includes(person.role)
  )
}

/** Each token was given to the service that passed it on, up to the person's: one that was stolen elsewhere was not. */
async function personBehind(sender: Caller, passed: readonly string[], verify: Verify): Promise<Caller> {
  let holder = sender
  for (const token of passed.toReversed().slice(0, MAX_PASSED)) {
    if (holder.role !== 'service') break
    holder = await verify(token, holder.subject)
  }
  if (passed.length <= MAX_PASSED && holder !== sender && holder.role !== 'service') return holder
  throw refuse('unauthenticated', 'The tokens that were passed on are not those of a request to this sender.')
}

const asNone: As = () => Promise.reject(new Error('this process has no key to ask others with'))
