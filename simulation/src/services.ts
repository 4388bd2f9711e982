import { type Meeting, meetBranch, type Phase } from '@lepton/events/tcc/barrier'
import { stockBranch } from '@lepton/inventory/two-phase'
import * as inventory from '@lepton/inventory/domain'
import * as order from '@lepton/order/domain'
import { PAYMENT_INPUT, RESERVATION_INPUT } from '@lepton/order/inputs'
import type { Input } from '@lepton/order/state-table'
import { paymentBranch } from '@lepton/payment/two-phase'
import * as payment from '@lepton/payment/domain'
import { onResult } from '@lepton/payment/result'
import { send } from './channel.ts'
import type { Answer, ChannelName, Request, Saga, World } from './saga.ts'

/** Both of its participants hear of an order, in two channels with one sequence. */
export function tellOfOrder({ channels }: Saga, what: string): void {
  send(channels['order>inventory'], what)
  send(channels['order>payment'], what)
}

export function orderMeets(world: World, saga: Saga, input: Input): void {
  const verdict = order.decide(saga.order, input)
  if (verdict.kind === 'anomaly') note(world, saga, `order met ${input.name} on ${saga.order.decision}`)
  if (verdict.kind === 'repeat')
    tellOfOrder(saga, saga.order.decision === 'CONFIRMED' ? 'confirmed' : 'cancelled')
  if (verdict.kind !== 'change') return
  const wasOpen = saga.order.decision === 'OPEN'
  saga.order = verdict.next
  for (const { type } of verdict.facts) {
    if (type === 'order.confirmed.v1') tellOfOrder(saga, 'confirmed')
    if (type === 'order.cancelled.v1') tellOfOrder(saga, 'cancelled')
  }
  // As in one transaction: the decision of an order in two phases moves what its coordinator is at.
  if (wasOpen && saga.order.mode === 'two_phase' && saga.order.decision !== 'OPEN')
    saga.coordination.state = saga.order.decision === 'CONFIRMED' ? 'CONFIRMING' : 'CANCELLING'
}

/** What a service does with the next event of a channel. */
export function consume(world: World, saga: Saga, channel: ChannelName, what: string): void {
  switch (channel) {
    case 'order>inventory':
      return inventoryMeets(world, saga, what)
    case 'order>payment':
      return paymentMeetsOrder(world, saga, what)
    case 'inventory>payment':
      return what === 'stock_reserved'
        ? moveMoney(world, saga, payment.onStockReserved(saga.payment))
        : undefined
    case 'inventory>order':
    case 'payment>order':
      return orderMeets(world, saga, { kind: 'reported', name: what as Input['name'] })
  }
}

function inventoryMeets(world: World, saga: Saga, what: string): void {
  const { reservation, channels, quantity } = saga
  switch (what) {
    case 'placed':
      if (saga.order.mode === 'two_phase') return
      return moveUnits(
        world,
        saga,
        inventory.onPlaced(reservation, itemsOf(quantity), () => world.stock.available),
      )
    case 'confirmed':
      return moveUnits(world, saga, inventory.onConfirmed(reservation))
    case 'cancelled':
      return moveUnits(world, saga, inventory.onCancelled(reservation))
    case 'status_requested':
      send(channels['inventory>order'], RESERVATION_INPUT[reservation], true)
      send(channels['inventory>payment'], 'status')
  }
}

function paymentMeetsOrder(world: World, saga: Saga, what: string): void {
  const { payment: now, order: placed, channels } = saga
  switch (what) {
    case 'placed':
      if (placed.mode === 'two_phase') return
      return moveMoney(world, saga, payment.onPlaced(now, intentOf(saga)))
    case 'confirmed':
      return moveMoney(world, saga, payment.onConfirmed(now))
    case 'cancelled':
      return moveMoney(world, saga, payment.onCancelled(now))
    case 'status_requested':
      send(channels['payment>order'], PAYMENT_INPUT[now.state], true)
  }
}

/** A branch meets a request of the coordinator; undefined where it waits for the card processor. */
export function branchMeets(world: World, saga: Saga, { branch, phase }: Request): Answer | undefined {
  const { coordination } = saga
  const is = branch === 'stock' ? stockMeets(world, saga, phase) : moneyMeets(world, saga, phase)
  if (is === 'contradiction')
    note(world, saga, `the ${branch} met ${phase} after ${coordination.barriers[branch]}`)
  if (branch === 'payment' && phase === 'try' && is === 'done' && saga.payment.state === 'AUTHORIZING') {
    coordination.waiting++
    return undefined
  }
  if (phase !== 'try') return { branch, phase, is: is === 'done' ? 'accepted' : 'contradiction' }
  return { branch, phase, is: is === 'done' ? tryAnswer(saga, branch) : 'unknown' }
}

function stockMeets(world: World, saga: Saga, phase: Phase): Meeting<unknown>['is'] {
  const { barriers } = saga.coordination
  const branch = stockBranch(saga.reservation, itemsOf(saga.quantity), () => world.stock.available)
  const { barrier, verdict, is } = meetBranch(barriers.stock, phase, branch)
  barriers.stock = barrier
  if (verdict !== undefined) moveUnits(world, saga, verdict)
  return is
}

function moneyMeets(world: World, saga: Saga, phase: Phase): Meeting<unknown>['is'] {
  const { barriers } = saga.coordination
  const { barrier, verdict, is } = meetBranch(
    barriers.payment,
    phase,
    paymentBranch(saga.payment, intentOf(saga)),
  )
  barriers.payment = barrier
  if (verdict !== undefined) moveMoney(world, saga, verdict)
  return is
}

function tryAnswer({ reservation, payment: { state } }: Saga, branch: Request['branch']): Answer['is'] {
  return (branch === 'stock' ? reservation === 'REJECTED' : state === 'DECLINED') ? 'refused' : 'accepted'
}

/** The card processor does what it was asked for, and its answer is heard twice, as after a crash. */
export function processorMeets(world: World, saga: Saga): void {
  const { card, coordination } = saga
  const operation = saga.asked.shift()!
  const isRefused =
    (operation === 'AUTH' && card === 'declined') || (operation === 'CAPTURE' && card === 'capture fails')
  const isLapsed = card === 'lapses' && (operation === 'CAPTURE' || operation === 'VOID')
  if (!isRefused && !(isLapsed && operation === 'CAPTURE')) saga.charged.push(operation)
  const result: payment.PspResult = isLapsed
    ? { kind: 'changed', charge_id: 'charge', state: 'EXPIRED', origin: 'ELSEWHERE' }
    : isRefused
      ? { kind: 'refused', reason: 'no' }
      : { kind: 'done', charge_id: 'charge' }
  for (const _time of [1, 2]) moveMoney(world, saga, onResult(saga.payment, operation, result))
  for (; operation === 'AUTH' && coordination.waiting > 0; coordination.waiting--)
    coordination.answers.push({ branch: 'payment', phase: 'try', is: tryAnswer(saga, 'payment') })
}

export function moveMoney(
  world: World,
  saga: Saga,
  { payment: next, task, publish, isAnomaly }: payment.Verdict,
): void {
  saga.payment = next
  if (isAnomaly === true) note(world, saga, `payment was decided while ${next.state}`)
  if (task !== undefined) saga.asked.push(task)
  if (publish !== undefined) send(saga.channels['payment>order'], `payment_${publish}`)
}

function moveUnits(world: World, saga: Saga, verdict: inventory.Verdict): void {
  const publish = (name: string) => {
    send(saga.channels['inventory>order'], `stock_${name}`)
    send(saga.channels['inventory>payment'], `stock_${name}`)
  }
  if (verdict.kind === 'anomaly') note(world, saga, `inventory was decided while ${saga.reservation}`)
  if (verdict.kind === 'reject') {
    saga.reservation = 'REJECTED'
    publish('rejected')
  }
  if (verdict.kind === 'move') {
    saga.reservation = verdict.state
    if (verdict.move !== undefined)
      world.stock = inventory.moveUnits(world.stock, verdict.move, saga.quantity)
    publish(verdict.publish)
  }
}

function note(world: World, { order: { order_id, mode, reason } }: Saga, what: string): void {
  world.anomalies.push(`${order_id} (${mode}, ${reason ?? 'no reason'}): ${what}`)
}

function itemsOf(quantity: number): inventory.Item[] {
  return [{ product_id: 'beans', quantity }]
}

function intentOf({
  order: { customer_id, amount_minor, currency, waits_for_customer },
}: Saga): payment.Intent {
  return { customer_id, amount_minor, currency, payment_token: waits_for_customer ? null : 'tok_approved' }
}
