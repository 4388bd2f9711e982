import {
  type Change,
  type Changed,
  type Control,
  SettingContended,
} from '@lepton/common/mesh/control/control'
import { InvalidSetting } from '@lepton/common/mesh/control/traffic'
import { Unavailable } from '@lepton/common/runtime/problem'
import { within } from '@lepton/common/runtime/wait'
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
  control: Writable,
  key: string,
  change: Change,
  next: (before: object) => object,
): Promise<void> {
  await seenAfter(control, async () => {
    const before = await control.get(key)
    const given = next(before === undefined ? {} : (JSON.parse(before) as object))
    const value = Object.fromEntries(Object.entries(given).filter(([, field]) => field !== undefined))
    return put(control, key, before, Object.keys(value).length === 0 ? undefined : value, change)
  })
}

type Writable = Pick<Control, 'get' | 'set' | 'undo' | 'subscribe' | 'changes'>

/** The same with a whole value; gives what was there before. */
export async function replaceSetting(
  control: Writable,
  key: string,
  change: Change,
  value: object | undefined,
): Promise<string | undefined> {
  let before: string | undefined
  await seenAfter(control, async () => {
    before = await control.get(key)
    return put(control, key, before, value, change)
  })
  return before
}

/** Takes the last change back. @throws Refusal `not-found` where there is none */
export async function undoLast(
  control: Writable,
  key: string,
  change: Change,
): Promise<{ before: string | null; after: string | null }> {
  const last = control.changes().find((one) => one.key === key)
  if (last === undefined) throw refuse('not-found', `${key} was never changed.`)
  await seenAfter(control, () => control.undo(key, change))
  return { before: last.after, after: last.before }
}

/** Undefined where there is nothing to write: what is not set cannot be unset. */
async function put(
  control: Writable,
  key: string,
  before: string | undefined,
  value: object | undefined,
  change: Change,
): Promise<Changed | undefined> {
  if (value === undefined && before === undefined) return undefined
  return control.set(key, value, change)
}

/** The setting is read before the note of its change, and others' changes come in between: what is awaited is the note. */
async function seenAfter(control: Writable, write: () => Promise<Changed | undefined>): Promise<void> {
  const own = await write().catch((error: unknown) => {
    throw asRefusal(error)
  })
  if (own === undefined) return
  const { promise: seen, resolve } = Promise.withResolvers<void>()
  const look = () => {
    if (control.changes().some(({ key, at }) => key === own.key && at === own.at)) resolve()
  }
  const unsubscribe = control.subscribe(look)
  look()
  await within(SEEN_MS, seen, undefined).finally(unsubscribe)
}

function asRefusal(error: unknown): Error {
  if (error instanceof SettingContended) return refuse('request-in-progress', error.message)
  if (error instanceof InvalidSetting) return refuse('invalid-request', error.message)
  return new Unavailable('consul', { fault: 'consul', cause: error })
}
