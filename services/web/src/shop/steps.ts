import type { History, Order } from '../api.ts'

/** The steps of an order that goes well, in their order. */
const STEPS = ['received', 'held', 'authorised', 'confirmed', 'charged', 'completed'] as const
type StepName = (typeof STEPS)[number]

export interface Step {
  name: StepName
  state: 'done' | 'now' | 'next' | 'never'
  /** ms after the order was placed. */
  afterMs?: number
}

const FACTS: Record<StepName, (fact: { type: string; data: Record<string, unknown> }) => boolean> = {
  received: ({ type }) => type === 'order.placed.v1',
  held: ({ type, data }) => type === 'order.stock_changed.v1' && data['stock'] === 'held',
  authorised: ({ type, data }) => type === 'order.payment_changed.v1' && data['pay'] === 'authorized',
  confirmed: ({ type }) => type === 'order.confirmed.v1',
  charged: ({ type, data }) => type === 'order.payment_changed.v1' && data['pay'] === 'captured',
  completed: ({ type }) => type === 'order.completed.v1',
}

const UNDONE: ReadonlySet<Order['status']> = new Set(['CANCELLING', 'CANCELLED', 'REJECTED', 'REFUNDED'])

/** How far an order has come, by its own facts; what an undone order did not reach, it never will. */
export function stepsOf(order: Order, history: History = []): Step[] {
  const began = Date.parse(order.created_at)
  const isUndone = UNDONE.has(order.status)
  let hasNow = isUndone || order.status === 'COMPLETED'
  return STEPS.map((name): Step => {
    const fact = history.find(FACTS[name])
    if (fact !== undefined) return { name, state: 'done', afterMs: Math.max(0, Date.parse(fact.at) - began) }
    if (name === 'received') return { name, state: 'done', afterMs: 0 }
    if (order.status === 'COMPLETED') return { name, state: 'done' }
    if (isUndone) return { name, state: 'never' }
    const state = hasNow ? 'next' : 'now'
    hasNow = true
    return { name, state }
  })
}
