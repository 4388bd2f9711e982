import { onToken } from '@lepton/payment/domain'
import type { Bytes } from './bytes.ts'
import { type Channel, receive, send } from './channel.ts'
import { decideTransaction, deliverRequest, hear, recover } from './coordinator.ts'
import { CHANNELS, type Saga, TOKEN, type World } from './saga.ts'
import { consume, moveMoney, orderMeets, processorMeets, tellOfOrder } from './services.ts'

// Steps are numbers, since a hundred thousand schedules have millions of them: which order, which of the things
// below, and which channel.
const DELIVER = 0
const FIND_LOST = 1
const LOSE = 2
const REPEAT = 3
const PROCESSOR = 4
const DELIVER_REQUEST = 5
const REPEAT_REQUEST = 6
const LOSE_REQUEST = 7
const HEAR = 8
const LOSE_ANSWER = 9
const DECIDE = 10
const DIE = 11
const RECOVER = 12
const ACT = 13
const CHANNEL_BITS = 3
const KIND_BITS = 4

/** Puts into `steps` everything that may happen next, and returns how many that are. */
export function listSteps({ sagas }: World, steps: number[]): number {
  let count = 0
  for (let index = 0; index < sagas.length; index++) {
    const saga = sagas[index]!
    const base = index << (KIND_BITS + CHANNEL_BITS)
    const add = (kind: number, channel = 0) => {
      steps[count++] = base | (kind << CHANNEL_BITS) | channel
    }
    for (let channel = 0; channel < CHANNELS.length; channel++) listChannel(saga, channel, add)
    if (saga.asked.length > 0) add(PROCESSOR)
    if (saga.order.mode === 'two_phase') listCoordination(saga, add)
    if (saga.acts.length > 0) add(ACT)
  }
  return count
}

type Add = (kind: number, channel?: number) => void

function listChannel({ channels, losses, repeats }: Saga, channel: number, add: Add): void {
  const { queue, lost, delivered } = channels[CHANNELS[channel]!]
  if (queue.length > 0) {
    add(DELIVER, channel)
    if (losses > 0) add(LOSE, channel)
  }
  if (lost.length > 0) add(FIND_LOST, channel)
  if (delivered.length > 0 && repeats > 0) add(REPEAT, channel)
}

function listCoordination({ coordination, losses, repeats }: Saga, add: Add): void {
  const { requests, answers, isAlive, state } = coordination
  const isQuiet = requests.length + answers.length === 0
  if (requests.length > 0) {
    add(DELIVER_REQUEST)
    if (repeats > 0) add(REPEAT_REQUEST)
    if (losses > 0) add(LOSE_REQUEST)
  }
  if (answers.length > 0) {
    add(HEAR)
    if (losses > 0) add(LOSE_ANSWER)
  }
  // It waits for its branches only for a while.
  if (isAlive && (isQuiet || losses > 0)) add(DECIDE)
  if (isAlive && losses > 0) add(DIE)
  if ((state === 'CONFIRMING' || state === 'CANCELLING') && (isQuiet || repeats > 0)) add(RECOVER)
}

export function takeStep(world: World, step: number, bytes: Bytes): void {
  const saga = world.sagas[step >> (KIND_BITS + CHANNEL_BITS)]!
  const { coordination } = saga
  const { requests, answers } = coordination
  const name = CHANNELS[step & ((1 << CHANNEL_BITS) - 1)]!
  const channel = saga.channels[name]
  const deliver = (message: Channel['queue'][number]) =>
    receive(channel, message, (what) => consume(world, saga, name, what))
  const take = <T>(list: T[]) => list.splice(bytes.next() % list.length, 1)[0]!

  switch ((step >> CHANNEL_BITS) & ((1 << KIND_BITS) - 1)) {
    case DELIVER:
      return deliver(channel.queue.shift()!)
    case FIND_LOST:
      return deliver(channel.lost.shift()!)
    case LOSE:
      saga.losses--
      return void channel.lost.push(channel.queue.shift()!)
    case REPEAT:
      saga.repeats--
      return deliver(channel.delivered[bytes.next() % channel.delivered.length]!)
    case PROCESSOR:
      return processorMeets(world, saga)
    case DELIVER_REQUEST:
      return deliverRequest(world, saga, take(requests))
    case REPEAT_REQUEST:
      saga.repeats--
      return deliverRequest(world, saga, requests[bytes.next() % requests.length]!)
    case LOSE_REQUEST:
      saga.losses--
      return void take(requests)
    case HEAR:
      return hear(world, saga, take(answers))
    case LOSE_ANSWER:
      saga.losses--
      return void take(answers)
    case DECIDE:
      return decideTransaction(world, saga)
    case DIE:
      // What the process that tried had heard is gone with it: the deadline will decide.
      saga.losses--
      coordination.isAlive = false
      return
    case RECOVER:
      if (requests.length + answers.length > 0) saga.repeats--
      return recover(saga)
    case ACT:
      return act(world, saga)
  }
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
