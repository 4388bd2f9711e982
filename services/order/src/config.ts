import { configOrExit, fileContent, whole } from '@lepton/common/runtime/config'
import { instanceSettings } from '@lepton/common/settings'
import { storeSettings } from '@lepton/events/settings'

export const settings = instanceSettings.extend({
  ...storeSettings.shape,
  /** The payment service's public key for cards (a JWK). */
  CARD_KEY_FILE: fileContent().optional(),
  /** How old a price may be at which an order is accepted. */
  PRICE_MAX_AGE_MS: whole(2_000, { min: 0, max: 60_000 }),
  ORDER_DEADLINE_MS: whole(120_000, { min: 1_000 }),
  /** How long units are held for an order that no card was given for. */
  ORDER_PAYMENT_WAIT_MS: whole(120_000, { min: 1_000 }),
  /** Orders of one customer that may be unsettled, and units in them that no card was given for. */
  ORDER_MAX_OPEN_PER_CUSTOMER: whole(40),
  ORDER_MAX_UNPAID_UNITS_PER_CUSTOMER: whole(100),
  /**
   * Bounds of the orders that may be in progress. Between them the limit shrinks while a step of an order waits for
   * longer than the third figure for the shop's own work: what comes beyond it is refused.
   */
  ORDER_MIN_IN_PROGRESS: whole(64, { min: 1 }),
  ORDER_MAX_IN_PROGRESS: whole(500),
  ORDER_SLOW_MS: whole(250),
  /** How long a two-phase order may stay undecided. */
  TWO_PHASE_DEADLINE_MS: whole(8_000, { min: 1_000 }),
  /** How long a branch may take to answer. */
  TWO_PHASE_BRANCH_TIMEOUT_MS: whole(2_000, { min: 100 }),
  /** How long POST /orders waits for the decision about a two-phase order. */
  TWO_PHASE_WAIT_MS: whole(3_000, { min: 0, max: 60_000 }),
  /**
   * Bounds of the two-phase orders whose branches are being tried by this instance: between them the limit shrinks while the
   * stock's answer takes longer than the third figure. And how many of them may be of one customer.
   */
  TWO_PHASE_MIN_IN_FLIGHT: whole(4, { min: 1, max: 10_000 }),
  TWO_PHASE_MAX_IN_FLIGHT: whole(64, { min: 1, max: 10_000 }),
  TWO_PHASE_SLOW_MS: whole(250, { min: 1 }),
  TWO_PHASE_MAX_IN_FLIGHT_PER_CUSTOMER: whole(8, { min: 1, max: 10_000 }),
})

export const readConfig = () => configOrExit(settings)
