import type { BarrierState, Phase } from '@lepton/events/tcc/barrier'
import type { Mode } from '@lepton/contracts/fields'
import type { ReservationState } from '@lepton/contracts/inventory'
import * as inventory from '@lepton/inventory/domain'
import * as order from '@lepton/order/domain'
import type { Order } from '@lepton/order/order'
import type { BranchName } from '@lepton/order/transaction-store'
import * as payment from '@lepton/payment/domain'
import type { Bytes } from './bytes.ts'
import { type Channel, createChannel } from './channel.ts'

export const CHANNELS = [
  'order>inventory',
  'order>payment',
  'inventory>order',
  'inventory>payment',
  'payment>order',
] as const
export type ChannelName = (typeof CHANNELS)[number]

const ACTS = [
  'customer_cancels',
  'customer_wants_refund',
  'deadline_passed',
  'reservation_overdue',
  'status_requested',
] as const
type Act = (typeof ACTS)[number] | 'pays'
type Card = 'approved' | 'declined' | 'capture fails' | 'lapses'

export interface Request {
  branch: BranchName
  phase: Phase
}

export interface Answer extends Request {
  is: 'accepted' | 'refused' | 'unknown' | 'contradiction'
}

/** The coordinator of an order, and the network between it and its branches: any order, any loss, any repeat. */
interface Coordination {
  state: 'TRYING' | 'CONFIRMING' | 'CANCELLING' | 'CONFIRMED' | 'CANCELLED' | 'STOPPED'
  /** Dead once it forgot what its branches answered; another process then knows only the state. */
  isAlive: boolean
  tried: Partial<Record<BranchName, Answer['is']>>
  unsettled: BranchName[]
  requests: Request[]
  answers: Answer[]
  barriers: Record<BranchName, BarrierState>
  /** Tries that wait for the card processor. */
  waiting: number
}

/** One order with everything that three services know of it, and everything in flight between them. */
export interface Saga {
  quantity: number
  card: Card
  order: Order
  reservation: ReservationState
  payment: payment.Payment
  /** What the processor is to do, and what it did. */
  asked: payment.Operation[]
  charged: payment.Operation[]
  channels: Record<ChannelName, Channel>
  acts: Act[]
  coordination: Coordination
  /** How much may still be lost, and how much repeated. */
  losses: number
  repeats: number
}

export interface World {
  stock: inventory.Stock
  sagas: Saga[]
  anomalies: string[]
}

export const UNITS = 4
const CARDS: readonly Card[] = ['approved', 'approved', 'approved', 'declined', 'capture fails', 'lapses']
const NOW = '2026-01-01T00:00:00.000Z'

/** A shop with one product and one to three orders, as the bytes say. */
export function createWorld(bytes: Bytes): World {
  const stock = { product_id: 'beans', available: UNITS, held: 0, committed: 0, received: UNITS }
  const sagas = Array.from({ length: 1 + (bytes.next() % 3) }, (_, index) => begin(`order-${index}`, bytes))
  return { stock, sagas, anomalies: [] }
}

function begin(order_id: string, bytes: Bytes): Saga {
  const mode: Mode = bytes.next() % 2 === 0 ? 'two_phase' : 'saga'
  const quantity = 1 + (bytes.next() % 3)
  const paysLater = mode === 'saga' && bytes.next() % 4 === 3
  const acts: Act[] = Array.from({ length: bytes.next() % 4 }, () => ACTS[bytes.next() % ACTS.length]!)
  const channels = Object.fromEntries(CHANNELS.map((name) => [name, createChannel()])) as Saga['channels']
  return {
    quantity,
    card: CARDS[bytes.next() % CARDS.length]!,
    order: order.placedOrder({ ...PLACEMENT, order_id, mode, payment_token: paysLater ? null : TOKEN }, NOW),
    reservation: 'NONE',
    payment: payment.newPayment(order_id, NOW),
    asked: [],
    charged: [],
    channels,
    acts: paysLater ? ['pays', ...acts] : acts,
    coordination: {
      state: 'TRYING',
      isAlive: true,
      tried: {},
      unsettled: ['stock', 'payment'],
      requests: [],
      answers: [],
      barriers: { stock: 'NONE', payment: 'NONE' },
      waiting: 0,
    },
    losses: bytes.next() % 6,
    repeats: bytes.next() % 6,
  }
}

export const TOKEN = 'tok_approved'
const PLACEMENT = {
  customer_id: 'customer',
  lines: [{ item_id: 'beans', name: 'Beans', quantity: 1, unit_price_minor: 100 }],
  amount_minor: 100,
  currency: 'EUR' as const,
  deadline: '2026-01-01T00:02:00.000Z',
}
