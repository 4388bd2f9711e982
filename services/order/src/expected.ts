import type { ExpectedStep } from '@lepton/contracts/ops-orders'
import { isSettled } from './domain.ts'
import type { Order } from './order.ts'
import type { Input } from './state-table.ts'

type Step = Input['name'] | 'customer_pays'

const SERVICE: Partial<Record<Step, string>> = {
  stock_reserved: 'inventory',
  stock_committed: 'inventory',
  stock_released: 'inventory',
  stock_restocked: 'inventory',
  payment_authorized: 'payment',
  payment_captured: 'payment',
  payment_voided: 'payment',
  payment_refunded: 'payment',
  customer_pays: 'customer',
}

/** The steps that an order is still to take if all goes well from here: those of now, and those that come after them. */
export function expectedOf(order: Order): ExpectedStep[] {
  const { now, later } = stepsOf(order)
  const deadline = order.decision === 'OPEN' ? order.deadline : null
  return [
    ...now.map((step) => ({ step, service: SERVICE[step] ?? 'order', since: order.updated_at, deadline })),
    ...later.map((step) => ({ step, service: SERVICE[step] ?? 'order', since: null, deadline: null })),
  ]
}

function stepsOf(order: Order): { now: Step[]; later: Step[] } {
  if (isSettled(order)) return { now: [], later: [] }
  switch (order.decision) {
    case 'OPEN':
      return open(order)
    case 'CONFIRMED':
      return { now: carryingOut(order), later: [] }
    case 'CANCELLED':
      return { now: [...undoingStock(order), ...undoingPayment(order)], later: [] }
  }
}

function open({ mode, stock, waits_for_customer }: Order): { now: Step[]; later: Step[] } {
  const after: Step[] = ['stock_committed', 'payment_captured']
  if (mode === 'two_phase') return { now: ['all_tried'], later: after }
  const paying: Step[] = waits_for_customer ? ['customer_pays', 'payment_authorized'] : ['payment_authorized']
  const [now, ...later] = stock === 'held' ? paying : (['stock_reserved', ...paying] as Step[])
  return { now: [now!], later: [...later, ...after] }
}

function carryingOut({ stock, pay }: Order): Step[] {
  return [
    ...(stock === 'committed' ? [] : (['stock_committed'] as const)),
    ...(pay === 'captured' ? [] : (['payment_captured'] as const)),
  ]
}

function undoingStock({ stock }: Order): Step[] {
  switch (stock) {
    case 'pending':
    case 'held':
      return ['stock_released']
    case 'committed':
      return ['stock_restocked']
    case 'rejected':
    case 'released':
    case 'restocked':
      return []
  }
}

function undoingPayment({ pay }: Order): Step[] {
  switch (pay) {
    case 'pending':
    case 'authorized':
    case 'capture_failed':
      return ['payment_voided']
    case 'captured':
      return ['payment_refunded']
    case 'declined':
    case 'voided':
    case 'refunded':
      return []
  }
}
