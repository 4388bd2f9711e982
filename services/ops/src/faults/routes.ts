import { answer, type Endpoint } from '@lepton/common/http/app'
import { MAX_PAUSE_S } from '@lepton/contracts/control'
import { listFaults, startFault, stopFault, stopFaults } from '@lepton/contracts/faults'
import type { Incomplete } from '@lepton/contracts/incomplete'
import { by } from '../act-routes.ts'
import { asked, type Once } from '../once.ts'
import type { Faults } from './faults.ts'

/** What is broken on purpose: seen, begun, ended. */
export function faultRoutes(
  faults: Faults,
  { once, incomplete }: { once: Once; incomplete: () => Incomplete[] },
): Endpoint[] {
  return [
    answer(listFaults, () =>
      Promise.resolve({
        status: 200,
        body: {
          as_of: new Date().toISOString(),
          incomplete: incomplete(),
          max_s: MAX_PAUSE_S,
          ...faults.view(),
        },
      }),
    ),
    answer(startFault, (call) =>
      once(asked(call), async () => {
        const { kind, target, for_s, reason } = call.body
        return { status: 201, body: await faults.start({ kind, target, for_s, ...by(call.caller, reason) }) }
      }),
    ),
    answer(stopFault, (call) =>
      once(asked(call), async () => ({
        status: 200,
        body: await faults.end(call.params.fault, by(call.caller, call.body.reason)),
      })),
    ),
    answer(stopFaults, (call) =>
      once(asked(call), async () => ({
        status: 200,
        body: { ended: await faults.endAll(by(call.caller, call.body.reason)) },
      })),
    ),
  ]
}
