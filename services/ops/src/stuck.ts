import type { ServiceView } from '@lepton/contracts/figures'
import type { Sagas } from '@lepton/contracts/ops-sagas'

type Stuck = Sagas['stuck'][number]

/** Events that wait for longer than this (s) wait for something that is not there. */
const OLD_S = 5
const LAGGING_RECORDS = 100

export interface Around {
  services: readonly ServiceView[]
  /** Open dead letters by the order that they are about. */
  letters: ReadonlyMap<string, { letter_id: string; error_message: string | null }>
  /** What the card processor was asked for in vain, by order. */
  unsettled: ReadonlyMap<string, { attempts: number; last_error: string | null }>
}

/** Why an order does not move, the nearest reason first. */
export function whyStuck(
  { order_id, waits_for }: Pick<Stuck, 'order_id' | 'waits_for'>,
  { services, letters, unsettled }: Around,
): Pick<Stuck, 'because' | 'detail'> {
  const letter = letters.get(order_id)
  if (letter !== undefined)
    return {
      because: 'dead_letter',
      detail: `${letter.letter_id}: ${letter.error_message ?? 'waits behind another'}`,
    }
  const service = services.find((one) => one.service === waits_for?.service)
  if (
    service !== undefined &&
    !service.instances.some(({ state }) => state === 'passing' || state === 'warning')
  )
    return { because: 'no_instance', detail: service.service }
  const asked = unsettled.get(order_id)
  if (asked !== undefined)
    return {
      because: 'processor_slow',
      detail: `${asked.attempts} attempts: ${asked.last_error ?? 'no answer yet'}`,
    }
  const waiting = services.find(({ figures }) => (figures.outbox_oldest_s ?? 0) > OLD_S)
  if (waiting !== undefined) return { because: 'outbox_waits', detail: waiting.service }
  if ((service?.figures.lag_records ?? 0) > LAGGING_RECORDS)
    return { because: 'consumer_lags', detail: service!.service }
  return { because: 'unknown', detail: null }
}
