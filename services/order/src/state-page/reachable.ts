import type { Mode } from '@lepton/contracts/fields'
import type { Status } from '@lepton/contracts/order'
import { decide, placedOrder } from '../domain.ts'
import type { Order } from '../order.ts'
import { type Input, TABLE } from '../state-table.ts'

export interface Transition {
  from: Status
  to: Status
  inputs: Input['name'][]
}

const INPUTS = Object.keys(TABLE) as Input['name'][]
const ASKED: readonly Input['name'][] = ['deadline_passed', 'customer_cancels', 'customer_wants_refund']
const NOW = '2026-01-01T00:00:00.000Z'

/** How the status of an order can change, found by giving it every input in every state it can come to. */
export function statusTransitions(): Transition[] {
  const found = new Map<string, Transition>()
  const seen = new Set<string>()
  const open = (['saga', 'two_phase'] as const).map(placed)
  for (let order = open.shift(); order !== undefined; order = open.shift()) {
    for (const name of INPUTS) {
      const next = after(order, name)
      if (next === undefined) continue
      if (next.status !== order.status) note(found, order.status, next.status, name)
      const { mode, decision, reason, stock, pay, status } = next
      const state = [mode, decision, reason, stock, pay, status].join()
      if (seen.has(state)) continue
      seen.add(state)
      open.push(next)
    }
  }
  return [...found.values()]
}

function after(order: Order, name: Input['name']): Order | undefined {
  const verdict = decide(order, { kind: ASKED.includes(name) ? 'asked' : 'reported', name })
  return verdict.kind === 'change' ? verdict.next : undefined
}

function note(found: Map<string, Transition>, from: Status, to: Status, name: Input['name']): void {
  const transition = found.get(`${from} ${to}`) ?? { from, to, inputs: [] }
  if (!transition.inputs.includes(name)) transition.inputs.push(name)
  found.set(`${from} ${to}`, transition)
}

function placed(mode: Mode): Order {
  const anyId = '00000000-0000-0000-0000-000000000000'
  const money = { amount_minor: 0, currency: 'EUR' as const, payment_token: null }
  return placedOrder({ order_id: anyId, customer_id: anyId, mode, lines: [], deadline: NOW, ...money }, NOW)
}
