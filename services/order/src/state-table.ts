import type { Shortage } from '@lepton/contracts/inventory'
import type { CancelReason, PayFlag, StockFlag } from '@lepton/contracts/order'
import type { ProblemSlug } from '@lepton/contracts/problems'
import type { Decision, Order, Verdict } from './order.ts'

/** What one input does to an order in one state. */
export type Cell =
  | 'ignore'
  | 'anomaly'
  | 'repeat'
  | { refuse: ProblemSlug }
  | {
      stock?: StockFlag
      pay?: PayFlag
      confirm?: true
      cancel?: CancelReason
      onlyIf?: Condition
      /** Where `onlyIf` is false; an anomaly unless it says otherwise. */
      otherwise?: Verdict
    }

interface Condition {
  says: string
  holds: (order: Order) => boolean
}

const UNDONE: Condition = {
  says: 'it is undone by REFUND or CAPTURE_FAILED',
  holds: ({ reason }) => reason === 'REFUND' || reason === 'CAPTURE_FAILED',
}
const CAPTURED: Condition = { says: 'its payment is captured', holds: ({ pay }) => pay === 'captured' }

const REFUNDED: Condition = { says: 'it is undone by REFUND', holds: ({ reason }) => reason === 'REFUND' }

/**
 * The order's state machine, every input in every state. The order decides alone between confirming,
 * cancelling and expiring; inventory and payment only report where they stand.
 *
 * `anomaly` is what cannot happen while the participants keep their word: it changes nothing and is
 * recorded for a person.
 */
export const TABLE = {
  stock_reserved: { OPEN: { stock: 'held' }, CONFIRMED: 'ignore', CANCELLED: { stock: 'held' } },
  stock_rejected: {
    OPEN: { stock: 'rejected', cancel: 'OUT_OF_STOCK' },
    CONFIRMED: 'anomaly',
    CANCELLED: { stock: 'rejected' },
  },
  // Payment starts only after the stock is held, so an authorisation implies the reservation.
  payment_authorized: {
    OPEN: { stock: 'held', pay: 'authorized', confirm: true },
    CONFIRMED: 'ignore',
    CANCELLED: { pay: 'authorized' },
  },
  payment_declined: {
    OPEN: { pay: 'declined', cancel: 'DECLINED' },
    CONFIRMED: 'anomaly',
    CANCELLED: { pay: 'declined' },
  },
  stock_committed: {
    OPEN: 'anomaly',
    CONFIRMED: { stock: 'committed' },
    CANCELLED: { stock: 'committed', onlyIf: UNDONE },
  },
  payment_captured: {
    OPEN: 'anomaly',
    CONFIRMED: { pay: 'captured' },
    CANCELLED: { pay: 'captured', onlyIf: UNDONE },
  },
  payment_capture_failed: {
    OPEN: 'anomaly',
    CONFIRMED: { pay: 'capture_failed', cancel: 'CAPTURE_FAILED' },
    CANCELLED: 'ignore',
  },
  stock_released: { OPEN: 'anomaly', CONFIRMED: 'anomaly', CANCELLED: { stock: 'released' } },
  stock_restocked: { OPEN: 'anomaly', CONFIRMED: 'anomaly', CANCELLED: { stock: 'restocked' } },
  payment_voided: { OPEN: 'anomaly', CONFIRMED: 'anomaly', CANCELLED: { pay: 'voided' } },
  payment_refunded: { OPEN: 'anomaly', CONFIRMED: 'anomaly', CANCELLED: { pay: 'refunded' } },
  all_tried: {
    OPEN: { stock: 'held', pay: 'authorized', confirm: true },
    CONFIRMED: 'ignore',
    CANCELLED: 'ignore',
  },
  stock_try_refused: { OPEN: { cancel: 'OUT_OF_STOCK' }, CONFIRMED: 'ignore', CANCELLED: 'ignore' },
  payment_try_refused: { OPEN: { cancel: 'DECLINED' }, CONFIRMED: 'ignore', CANCELLED: 'ignore' },
  try_unanswered: { OPEN: { cancel: 'EXPIRED' }, CONFIRMED: 'ignore', CANCELLED: 'ignore' },
  nothing_yet: { OPEN: 'ignore', CONFIRMED: 'repeat', CANCELLED: 'repeat' },
  reservation_overdue: { OPEN: { cancel: 'EXPIRED' }, CONFIRMED: 'repeat', CANCELLED: 'repeat' },
  deadline_passed: { OPEN: { cancel: 'EXPIRED' }, CONFIRMED: 'ignore', CANCELLED: 'ignore' },
  customer_cancels: {
    OPEN: { cancel: 'CUSTOMER' },
    CONFIRMED: { refuse: 'order-settled' },
    CANCELLED: 'ignore',
  },
  customer_wants_refund: {
    OPEN: { refuse: 'order-not-ready' },
    CONFIRMED: {
      cancel: 'REFUND',
      onlyIf: CAPTURED,
      otherwise: { kind: 'refuse', slug: 'order-not-ready' },
    },
    // A repeat of a refund is answered as the first time; what was never paid cannot be given back.
    CANCELLED: { onlyIf: REFUNDED, otherwise: { kind: 'refuse', slug: 'order-settled' } },
  },
} as const satisfies Record<string, Record<Decision, Cell>>

/**
 * What stands in the first column instead for an order in two phases: participants set flags, and only its
 * coordinator, its customer and its deadline decide.
 */
export const OPEN_IN_TWO_PHASES: Partial<Record<Input['name'], Cell>> = {
  stock_rejected: { stock: 'rejected' },
  payment_authorized: { pay: 'authorized' },
  payment_declined: { pay: 'declined' },
  reservation_overdue: 'ignore',
}

/** `reported` by a participant; `asked` by a customer, a clock or the coordinator of two phases. */
export interface Input {
  kind: 'reported' | 'asked'
  name: keyof typeof TABLE
  /** Which units were missing, where stock was rejected. */
  shortages?: Shortage[] | undefined
}
