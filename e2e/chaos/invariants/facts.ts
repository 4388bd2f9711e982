import type { ArchivedEvent as ArchivedRow } from '@lepton/events/outbox'
import type { CancelReason, Status } from '@lepton/contracts/order'
import type { PaymentState } from '@lepton/contracts/payment'
import type { ReservationState } from '@lepton/contracts/inventory'
import type { Charge } from '@lepton/contracts/psp'
import type { DatabaseOwner } from '@lepton/setup/services'
import type { Minutes } from '../../windows-by-sql.ts'
import type { Operation } from '../history.ts'

interface OrderRow {
  order_id: string
  customer_id: string
  version: number
  pub_seq: number
  mode: string
  decision: string
  reason: CancelReason | null
  stock: string
  pay: string
  status: Status
  lines: { item_id: string; quantity: number; unit_price_minor: number }[]
  amount_minor: number
  last_inv_seq: number
  last_pay_seq: number
}

export interface OrderFact {
  order_id: string
  version: number
  type: string
  data: { stock?: string; pay?: string; reason?: CancelReason; status?: Status }
}

interface Reservation {
  order_id: string
  state: ReservationState
  pub_seq: number
  last_order_seq: number
}

interface ReservationItem {
  order_id: string
  product_id: string
  quantity: number
}

interface StockRow {
  product_id: string
  available: number
  held: number
  committed: number
  received: number
}

interface StockEntry {
  product_id: string
  order_id: string | null
  receipt_id: string | null
  kind: 'RECEIVE' | 'RESERVE' | 'RELEASE' | 'COMMIT' | 'RESTOCK'
  d_available: number
  d_held: number
  d_committed: number
  d_received: number
}

interface PaymentRow {
  order_id: string
  state: PaymentState
  amount_minor: number | null
  charge_id: string | null
  pub_seq: number
  last_order_seq: number
  last_inv_seq: number
}

interface PaymentEntry {
  order_id: string
  kind: 'AUTH' | 'CAPTURE' | 'VOID' | 'REFUND'
  amount_minor: number
  charge_id: string
}

/** The card processor's own books. */
export interface Movement {
  charge_id: string | null
  kind: 'authorize' | 'capture' | 'void' | 'refund'
  amount_minor: number
  refusal: string | null
}

export interface ArchivedEvent extends Omit<ArchivedRow, 'payload' | 'headers'> {
  created_ms: number
}

export interface LogRecord {
  topic: string
  partition: number
  offset: number
  key: string
  event_id: string | null
  sequence: number | null
  type: string | null
  timestamp_ms: number
  /** What the harness put there that no service wrote. */
  isPoison: boolean
}

interface InboxRow {
  consumer: number
  event_id: string
  at_ms: number
  sent_ms: number | null
}

interface DeadLetterRow {
  consumer: number
  event_id: string | null
  /** What the harness wrote; its letter is there even when the log was wiped. */
  is_poison: boolean
  key: string
  topic: string
  part: number
  off: number
  status: 'DEAD' | 'BLOCKED' | 'REPLAYED' | 'DISCARDED' | 'REFUSED'
  error_message: string | null
}

interface TwoPhaseRow {
  gid: string
  state: string
}

/** Work that is still to be done. */
export interface Unfinished {
  owner: DatabaseOwner
  what: string
  count: number
}

/** Everything that is known about a run after it went quiet. */
export interface Facts {
  history: readonly Operation[]
  orders: readonly OrderRow[]
  orderFacts: readonly OrderFact[]
  anomalies: readonly { order_id: string; input: string; decision: string }[]
  checkouts: readonly { order_id: string; customer_id: string }[]
  reservations: readonly Reservation[]
  reservationItems: readonly ReservationItem[]
  stock: readonly StockRow[]
  stockLedger: readonly StockEntry[]
  payments: readonly PaymentRow[]
  paymentLedger: readonly PaymentEntry[]
  charges: readonly Charge[]
  movements: readonly Movement[]
  archives: Readonly<Record<DatabaseOwner, readonly ArchivedEvent[]>>
  inboxes: Readonly<Record<DatabaseOwner, readonly InboxRow[]>>
  deadLetters: Readonly<Record<DatabaseOwner, readonly DeadLetterRow[]>>
  twoPhase: readonly TwoPhaseRow[]
  unfinished: readonly Unfinished[]
  log: readonly LogRecord[]
  /** What ops has counted of the topics, and SQL of the same events; where they stayed apart, the last fault met while asking. */
  windows: { counted: Minutes; bySql: Minutes; fault?: string }
  /** Attempts to book a movement twice that only a constraint stopped. */
  repeatedBookings: readonly string[]
  /** What was seen of the stock while the run went on. */
  stockSamples: readonly { at_ms: number; product_id: string; available: number; over: number }[]
  /** From the end of the last fault until every order was final; undefined where they never were. */
  quietAfterMs: number | undefined
}

export interface Violation {
  invariant: InvariantId
  what: string
  order_id?: string
}

export type InvariantId =
  'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10' | 'I11' | 'I12' | 'I13' | 'I14'
