import type { Input } from '@lepton/order/state-table'
import type { Answer, Request, Saga, World } from './saga.ts'
import { branchMeets, orderMeets } from './services.ts'

const PHASE_OF = { CONFIRMING: 'confirm', CANCELLING: 'cancel' } as const

/** Both tries leave at once, after the order was registered. */
export function beginTrying({ coordination }: Saga): void {
  coordination.requests.push({ branch: 'stock', phase: 'try' }, { branch: 'payment', phase: 'try' })
}

export function deliverRequest(world: World, saga: Saga, request: Request): void {
  const answer = branchMeets(world, saga, request)
  if (answer !== undefined) saga.coordination.answers.push(answer)
}

/** An answer reaches the coordinator: of the first phase as one of two, of the second as the end of a branch. */
export function hear(world: World, saga: Saga, { branch, phase, is }: Answer): void {
  const { coordination } = saga
  if (phase === 'try') {
    if (!coordination.isAlive || coordination.tried[branch] !== undefined) return
    coordination.tried[branch] = is
    if (coordination.tried.stock !== undefined && coordination.tried.payment !== undefined)
      decideTransaction(world, saga)
    return
  }
  if (is === 'contradiction') {
    coordination.state = 'STOPPED'
    world.anomalies.push(`${saga.order.order_id}: the ${branch} contradicts ${phase}`)
    return
  }
  coordination.unsettled = coordination.unsettled.filter((open) => open !== branch)
  if (coordination.unsettled.length > 0) return
  if (coordination.state === 'CONFIRMING') coordination.state = 'CONFIRMED'
  if (coordination.state === 'CANCELLING') coordination.state = 'CANCELLED'
}

/** Decides with what it has heard; what it has not heard counts as no answer. */
export function decideTransaction(world: World, saga: Saga): void {
  const { coordination } = saga
  const { stock, payment } = coordination.tried
  coordination.isAlive = false
  orderMeets(world, saga, { kind: 'asked', name: inputOf(stock, payment) })
}

function inputOf(stock: Answer['is'] | undefined, payment: Answer['is'] | undefined): Input['name'] {
  if (stock === 'refused') return 'stock_try_refused'
  if (payment === 'refused') return 'payment_try_refused'
  return stock === 'accepted' && payment === 'accepted' ? 'all_tried' : 'try_unanswered'
}

/** Any process asks the branches that have not settled, once more. */
export function recover({ coordination }: Saga): void {
  const { state } = coordination
  if (state !== 'CONFIRMING' && state !== 'CANCELLING') return
  for (const branch of coordination.unsettled) coordination.requests.push({ branch, phase: PHASE_OF[state] })
}
