import { answer, type Endpoint } from '@lepton/common/http/app'
import { type Caller, nameOf } from '@lepton/common/http/auth'
import type { Change, Control } from '@lepton/common/mesh/control/control'
import type { AlarmSetting } from '@lepton/common/mesh/control/traffic'
import { type Alarm, listAlarms, setAlarm, silenceAlarm } from '@lepton/contracts/alarms'
import type { Incomplete } from '@lepton/contracts/incomplete'
import { refuse } from '@lepton/shop/refuse'
import { asked, type Once } from '../once.ts'
import { changeSetting } from '../settings.ts'
import type { Alarms } from './alarms.ts'

/** What is watched, and how operators change what counts as too much. */
export function alarmRoutes(
  alarms: Alarms,
  { control, once, incomplete }: { control: Control; once: Once; incomplete: () => Incomplete[] },
): Endpoint[] {
  function find(name: string): Alarm {
    const found = alarms.one(name)
    if (found === undefined) throw refuse('not-found', `There is no alarm ${name}.`)
    return found
  }

  async function change(name: string, by: Change, next: Partial<Record<keyof AlarmSetting, unknown>>) {
    find(name)
    await changeSetting(control, `alarms/${name}`, by, (before) => ({ ...before, ...next }))
    return { status: 200, body: find(name) }
  }

  return [
    answer(listAlarms, () =>
      Promise.resolve({
        status: 200,
        body: { as_of: new Date().toISOString(), incomplete: incomplete(), ...alarms.view() },
      }),
    ),
    answer(setAlarm, (call) =>
      once(asked(call), () => {
        const { threshold, for_s, reason } = call.body
        return change(call.params.alarm, byOf(call.caller, reason), { threshold, for_s })
      }),
    ),
    answer(silenceAlarm, (call) =>
      once(asked(call), () => {
        const { for_s, reason } = call.body
        const silent_until = for_s === 0 ? undefined : new Date(Date.now() + for_s * 1_000).toISOString()
        return change(call.params.alarm, byOf(call.caller, reason), { silent_until })
      }),
    ),
  ]
}

function byOf(caller: Caller, why: string): Change {
  return { who: nameOf(caller), why }
}
