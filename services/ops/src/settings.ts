import { type Change, type Control, SettingContended } from '@lepton/common/mesh/control/control'
import { InvalidSetting } from '@lepton/common/mesh/control/traffic'
import { Unavailable } from '@lepton/common/runtime/problem'
import { refuse } from '@lepton/shop/refuse'

/** How long a change is looked for among the settings that this process reads. */
const SEEN_MS = 2_000

/**
 * Changes one setting of the shop in Consul, and waits until this process has it.
 *
 * @param next what it shall be; nothing left in it unsets it
 * @throws Refusal `request-in-progress` where another change came in between
 * @throws Unavailable where Consul does not answer
 */
export async function changeSetting(
  control: Pick<Control, 'get' | 'set' | 'subscribe'>,
  key: string,
  change: Change,
  next: (before: object) => object,
): Promise<void> {
  let seen: Promise<void>
  try {
    const before = await control.get(key)
    const given = next(before === undefined ? {} : (JSON.parse(before) as object))
    const value = Object.fromEntries(Object.entries(given).filter(([, field]) => field !== undefined))
    const isEmpty = Object.keys(value).length === 0
    if (isEmpty && before === undefined) return
    seen = nextChange(control)
    await control.set(key, isEmpty ? undefined : value, change)
  } catch (error) {
    throw asRefusal(error)
  }
  await seen
}

function asRefusal(error: unknown): Error {
  if (error instanceof SettingContended) return refuse('request-in-progress', error.message)
  if (error instanceof InvalidSetting) return refuse('invalid-request', error.message)
  return new Unavailable('consul', { fault: 'consul', cause: error })
}

/** The next change that this process reads, or the end of the patience. */
function nextChange({ subscribe }: Pick<Control, 'subscribe'>): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      unsubscribe()
      resolve()
    }
    const timer = setTimeout(end, SEEN_MS)
    const unsubscribe = subscribe(end)
  })
}
