import { answer, type Endpoint } from '@lepton/common/http/app'
import { type Caller, nameOf } from '@lepton/common/http/auth'
import type { Control } from '@lepton/common/mesh/control/control'
import { InvalidSetting, parseSetting } from '@lepton/common/mesh/control/traffic'
import type { Incomplete } from '@lepton/contracts/incomplete'
import {
  type CallPair,
  changeSetting,
  getMesh,
  type SettingChange,
  undoSetting,
} from '@lepton/contracts/mesh'
import { refuse } from '@lepton/shop/refuse'
import { asked, type Once } from '../once.ts'
import { replaceSetting, undoLast } from '../settings.ts'

const MAX_CHANGES = 50

/** Who calls whom, and how operators change it while everything runs. */
export function meshRoutes({
  pairs,
  control,
  once,
  incomplete,
}: {
  pairs: () => CallPair[]
  control: Control
  once: Once
  incomplete: () => Incomplete[]
}): Endpoint[] {
  return [
    answer(getMesh, () =>
      Promise.resolve({
        status: 200,
        body: {
          as_of: new Date().toISOString(),
          incomplete: incomplete(),
          pairs: pairs(),
          settings: [...control.values()].map(([key, value]) => ({ key, value: JSON.stringify(value) })),
          refused: [...control.faults()].map(([key, problem]) => ({ key, problem })),
          changes: control.changes().slice(0, MAX_CHANGES),
        },
      }),
    ),

    answer(changeSetting, (call) =>
      once(asked(call), async () => {
        const { key, value: text, reason } = call.body
        const value = text === undefined ? undefined : checked(key, text)
        const before = await replaceSetting(control, key, { who: nameOf(call.caller), why: reason }, value)
        return { status: 200, body: changeOf(call, before, value) }
      }),
    ),

    answer(undoSetting, (call) =>
      once(asked(call), async () => {
        const { key, reason } = call.body
        const { before, after } = await undoLast(control, key, { who: nameOf(call.caller), why: reason })
        const body = {
          at: new Date().toISOString(),
          who: nameOf(call.caller),
          why: reason,
          key,
          before,
          after,
        }
        return { status: 200, body }
      }),
    ),
  ]
}

/** @throws Refusal that names the field which is wrong */
function checked(key: string, text: string): object {
  try {
    return parseSetting(key, text)
  } catch (error) {
    if (!(error instanceof InvalidSetting)) throw error
    const pointer = error.message.startsWith('there is no') ? '/key' : '/value'
    throw refuse('invalid-request', error.message, { errors: [{ pointer, detail: error.message }] })
  }
}

function changeOf(
  { caller, body: { key, reason: why } }: { caller: Caller; body: { key: string; reason: string } },
  before: string | undefined,
  value: object | undefined,
): SettingChange {
  return {
    at: new Date().toISOString(),
    who: nameOf(caller),
    why,
    key,
    before: before ?? null,
    after: value === undefined ? null : JSON.stringify(value),
  }
}
