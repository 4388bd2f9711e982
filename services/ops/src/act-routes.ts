import { answer, type Endpoint } from '@lepton/common/http/app'
import { type Caller, nameOf } from '@lepton/common/http/auth'
import { actOnInstance, actOnServer, addInstances, removeInstance } from '@lepton/contracts/processes'
import { refuse } from '@lepton/shop/refuse'
import type { Actions, By } from './actions.ts'
import { asked, type Once } from './once.ts'

const SERVERS = ['postgres', 'kafka', 'consul']

/** What operators do to processes. */
export function actRoutes(actions: Actions, once: Once): Endpoint[] {
  return [
    answer(addInstances, (call) =>
      once(asked(call), async () => {
        const { service } = call.params
        const { count, reason } = call.body
        const who = by(call.caller, reason)
        await Promise.all(Array.from({ length: count }, () => actions.begin('add', service, who)))
        return { status: 202, body: { service, count } }
      }),
    ),

    answer(removeInstance, (call) =>
      once(asked(call), async () => ({
        status: 202,
        body: await actions.begin('remove', call.params.name, by(call.caller, call.body.reason)),
      })),
    ),

    answer(actOnInstance, (call) => {
      const { name, action } = call.params
      if (SERVERS.includes(name))
        throw refuse('not-found', `${name} is a server: /ops/servers/${name}/${action}`)
      return once(asked(call), () =>
        act(actions, action, name, call.body.for_s, by(call.caller, call.body.reason)),
      )
    }),

    answer(actOnServer, (call) => {
      const { server, action } = call.params
      if (action === 'wipe' && server !== 'kafka')
        throw refuse('invalid-request', 'Only what others can give back may be wiped.', {
          errors: [{ pointer: '{server}', detail: `${server} holds data that nothing could restore` }],
        })
      return once(asked(call), () =>
        act(actions, action, server, call.body.for_s, by(call.caller, call.body.reason)),
      )
    }),
  ]
}

async function act(
  actions: Actions,
  action: 'kill' | 'pause' | 'restart' | 'wipe',
  name: string,
  seconds: number,
  who: By,
) {
  if (action === 'kill' || action === 'pause')
    return { status: 200, body: await actions.strike(action, name, seconds, who) }
  return { status: 202, body: await actions.begin(action, name, who) }
}

export function by(caller: Caller, reason: string): By {
  return { who: nameOf(caller), reason }
}
