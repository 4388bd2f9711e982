import { onToken } from '../../../services/payment/src/domain.ts'
import type { Bytes } from './bytes.ts'
import { type Channel, receive, send } from './channel.ts'
import { decideTransaction, deliverRequest, hear, recover } from './coordinator.ts'
import { CHANNELS, type ChannelName, type Saga, TOKEN, type World } from './saga.ts'
import { consume, moveMoney, orderMeets, processorMeets, tellOfOrder } from './services.ts'

type Step = () => void

/** Everything that may happen next, what brings an order on before what harms it. */
export function possibleSteps(world: World, bytes: Bytes): Step[] {
  return world.sagas.flatMap((saga) => [
    ...CHANNELS.flatMap((name) => channelSteps(world, saga, name)),
    ...(saga.asked.length > 0 ? [() => processorMeets(world, saga)] : []),
    ...coordinationSteps(world, saga, bytes),
    ...(saga.acts.length > 0 ? [() => act(world, saga)] : []),
  ])
}

function channelSteps(world: World, saga: Saga, name: ChannelName): Step[] {
  const channel = saga.channels[name]
  const { queue, lost, delivered } = channel
  if (queue.length === 0 && lost.length === 0 && saga.repeats === 0) return []
  const deliver = (message: Channel['queue'][number]) =>
    receive(channel, message, (what) => consume(world, saga, name, what))
  const steps: Step[] = []
  if (queue.length > 0) steps.push(() => deliver(queue.shift()!))
  if (lost.length > 0) steps.push(() => deliver(lost.shift()!))
  if (queue.length > 0 && saga.losses > 0) {
    steps.push(() => {
      saga.losses--
      lost.push(queue.shift()!)
    })
  }
  if (delivered.length > 0 && saga.repeats > 0) {
    steps.push(() => {
      saga.repeats--
      deliver(delivered[delivered.length >> 1]!)
    })
  }
  return steps
}

function coordinationSteps(world: World, saga: Saga, bytes: Bytes): Step[] {
  const { coordination } = saga
  const { requests, answers } = coordination
  const take = <T>(list: T[]) => list.splice(bytes.next() % list.length, 1)[0]!
  const steps: Step[] = []
  if (requests.length > 0) {
    steps.push(() => deliverRequest(world, saga, take(requests)))
    if (saga.repeats > 0) {
      steps.push(() => {
        saga.repeats--
        deliverRequest(world, saga, requests[bytes.next() % requests.length]!)
      })
    }
    // A request of the second phase that is lost is sent again by recovery.
    if (saga.losses > 0) {
      steps.push(() => {
        saga.losses--
        take(requests)
      })
    }
  }
  if (answers.length > 0) {
    steps.push(() => hear(world, saga, take(answers)))
    if (saga.losses > 0) {
      steps.push(() => {
        saga.losses--
        take(answers)
      })
    }
  }
  if (saga.order.mode === 'two_phase' && coordination.isAlive) {
    if (requests.length + answers.length === 0) steps.push(() => decideTransaction(world, saga))
    if (saga.losses > 0)
      steps.push(
        () => die(saga),
        () => decideTransaction(world, saga),
      )
  }
  const isDue = coordination.state === 'CONFIRMING' || coordination.state === 'CANCELLING'
  if (isDue && (requests.length + answers.length === 0 || saga.repeats > 0)) {
    steps.push(() => {
      if (requests.length + answers.length > 0) saga.repeats--
      recover(saga)
    })
  }
  return steps
}

/** What the process that tried had heard is gone; the deadline will decide. */
function die(saga: Saga): void {
  saga.losses--
  saga.coordination.isAlive = false
}

function act(world: World, saga: Saga): void {
  const what = saga.acts.shift()!
  switch (what) {
    case 'pays':
      if (!saga.payment.cancelled && saga.payment.payment_token === null)
        moveMoney(world, saga, onToken(saga.payment, TOKEN))
      return
    case 'reservation_overdue':
      if (saga.reservation !== 'HELD') return
      send(saga.channels['inventory>order'], what)
      return send(saga.channels['inventory>payment'], what)
    case 'status_requested':
      return tellOfOrder(saga, what)
    case 'customer_cancels':
    case 'customer_wants_refund':
    case 'deadline_passed':
      return orderMeets(world, saga, { kind: 'asked', name: what })
  }
}
