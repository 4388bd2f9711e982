import { NotOpened } from '@lepton/shop/sealed-card'
import type { Deps } from './deps.ts'

/** The card of an order as the processor takes it; undefined, and in the log, where what was passed on cannot be opened. */
export function openedCard(
  { openCard, log }: Pick<Deps, 'openCard' | 'log'>,
  card: string,
  order_id: string,
): string | undefined {
  try {
    return openCard(card, order_id)
  } catch (error) {
    if (!(error instanceof NotOpened)) throw error
    log.error({ err: error, order_id }, 'the card of an order cannot be opened')
    return undefined
  }
}
