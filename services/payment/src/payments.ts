import type { Cause, OutgoingEvent } from '@lepton/events/event'
import type { Outbox } from '@lepton/events/outbox'
import { keepTrace } from '@lepton/common/runtime/trace'
import type { Tx } from '@lepton/events/postgres/transaction'
import {
  PaymentAuthorized,
  PaymentCaptured,
  PaymentCaptureFailed,
  PaymentDeclined,
  PaymentRefunded,
  PaymentVoided,
} from '@lepton/contracts/payment'
import type { Operation, Payment, Published, Verdict } from './domain.ts'
import { pspKeyOf } from './psp-key.ts'
import * as store from './store.ts'
import type { Entry, NewTask } from './store.ts'

const EVENTS = {
  authorized: PaymentAuthorized,
  declined: PaymentDeclined,
  captured: PaymentCaptured,
  capture_failed: PaymentCaptureFailed,
  voided: PaymentVoided,
  refunded: PaymentRefunded,
} as const satisfies Record<Published, OutgoingEvent['type']>

/** Payments under change in one transaction: rows locked, changed in memory, written at once. */
export class PaymentChanges {
  readonly now: string
  readonly #payments: Map<string, Payment>
  readonly #touched = new Set<string>()
  readonly #tasks: NewTask[] = []
  readonly #ledger: Entry[] = []
  readonly #events: OutgoingEvent[] = []

  constructor(now: string, payments: readonly Payment[]) {
    this.now = now
    this.#payments = new Map(payments.map((row) => [row.order_id, row]))
  }

  payment(orderId: string): Payment {
    return this.#payments.get(orderId)!
  }

  /** @param startedAt when the processor was first asked for what it has answered now */
  carryOut(
    { payment, task, publish, book = [] }: Verdict,
    cause: Cause | undefined,
    startedAt: string | null = null,
  ): void {
    const { order_id, amount_minor, currency, decline_reason, charge_id } = payment
    const processor_ms =
      startedAt === null ? undefined : Math.max(0, Date.parse(this.now) - Date.parse(startedAt))
    this.#put({ ...payment, updated_at: this.now })
    if (task !== undefined) this.#addTask(payment, task, cause)
    if (publish !== undefined)
      this.publish(
        order_id,
        EVENTS[publish],
        { order_id, amount_minor, currency, decline_reason, processor_ms },
        cause,
      )
    for (const { kind, origin } of book) {
      this.#ledger.push({ order_id, kind, amount_minor, charge_id, at: this.now, origin })
    }
  }

  publish(orderId: string, type: OutgoingEvent['type'], data: object, cause: Cause | undefined): void {
    const payment = this.payment(orderId)
    const sequence = payment.pub_seq + 1
    this.#put({ ...payment, pub_seq: sequence })
    this.#events.push({ type, key: orderId, sequence, data, cause })
  }

  advance(orderId: string, position: 'last_order_seq' | 'last_inv_seq', sequence: number): void {
    this.#put({ ...this.payment(orderId), [position]: sequence })
  }

  get newTasks(): number {
    return this.#tasks.length
  }

  store(tx: Tx, outbox: Outbox): void {
    store.savePayments(
      tx,
      [...this.#touched].map((id) => this.payment(id)),
    )
    store.insertTasks(tx, this.#tasks)
    store.insertEntries(tx, this.#ledger)
    outbox.emit(tx, this.#events)
  }

  #addTask({ order_id, customer_id }: Payment, op: Operation, cause: Cause | undefined): void {
    this.#tasks.push({
      order_id,
      customer_id,
      op,
      psp_key: pspKeyOf(order_id, op, 0),
      next_at: this.now,
      cause_id: cause?.event_id ?? null,
      ...keepTrace(cause),
    })
  }

  #put(payment: Payment): void {
    this.#payments.set(payment.order_id, payment)
    this.#touched.add(payment.order_id)
  }
}

/** Locks the orders' payments, making those that are not there yet. `areNew`: they are likely missing. */
export async function lockPayments(
  tx: Tx,
  orderIds: readonly string[],
  areNew = false,
): Promise<PaymentChanges> {
  const { now, rows } = await store.lockPayments(tx, orderIds, areNew)
  return new PaymentChanges(now, rows)
}
