import { isSettled } from '@lepton/order/domain'
import type { Bytes } from './bytes.ts'
import { beginTrying } from './coordinator.ts'
import { createWorld, type Saga, UNITS, type World } from './saga.ts'
import { tellOfOrder } from './services.ts'
import { listSteps, takeStep } from './steps.ts'

const MAX_STEPS = 2_000

/**
 * Runs one schedule: the deciders of three services and a coordinator, without their I/O, in the order that
 * the bytes choose. Then every deadline passes, and whatever is still in flight arrives.
 *
 * @throws Error that says what the shop must never do
 */
export function runSchedule(bytes: Bytes): void {
  const world = createWorld(bytes)
  for (const saga of world.sagas) {
    tellOfOrder(saga, 'placed')
    if (saga.order.mode === 'two_phase') beginTrying(saga)
  }
  exhaust(world, bytes)
  for (const saga of world.sagas) saga.acts.push('deadline_passed')
  exhaust(world, bytes)
  if (world.anomalies.length > 0) throw new Error(world.anomalies.join('; '))
  for (const saga of world.sagas) requireAllOrNothing(saga)
  requireUnits(world)
}

function exhaust(world: World, bytes: Bytes): void {
  const steps: number[] = []
  for (let taken = 0; taken < MAX_STEPS; taken++) {
    const count = listSteps(world, steps)
    if (count === 0) return
    takeStep(world, steps[bytes.next() % count]!, bytes)
    const { available, held, committed, received } = world.stock
    if (available < 0 || held < 0 || committed < 0 || available + held + committed !== received)
      throw new Error(`units were made or lost: ${JSON.stringify(world.stock)}`)
  }
  throw new Error('it never ends')
}

/** Units and money of a completed order are taken once; of any other they are all given back. */
function requireAllOrNothing(saga: Saga): void {
  const { order, reservation, payment, charged, coordination } = saga
  const { order_id, status, mode } = order
  const did = (operation: (typeof charged)[number]) => charged.includes(operation)
  const isBought = status === 'COMPLETED'
  const faults = [
    !isSettled(order) && 'is not settled',
    isBought !== (reservation === 'COMMITTED') && `leaves its units ${reservation}`,
    isBought !== (payment.state === 'CAPTURED') && `leaves its payment ${payment.state}`,
    new Set(charged).size !== charged.length && 'moved money twice',
    isBought !== (did('CAPTURE') && !did('REFUND')) && 'has the wrong money',
    did('AUTH') && !did('CAPTURE') && !did('VOID') && 'blocks money indefinitely',
    status === 'REFUNDED' && reservation !== 'RESTOCKED' && 'did not restock',
    mode === 'two_phase' &&
      coordination.state !== 'CONFIRMED' &&
      coordination.state !== 'CANCELLED' &&
      `leaves its transaction ${coordination.state}`,
  ].filter((fault) => fault !== false)
  if (faults.length > 0) throw new Error(`${order_id} (${mode}, ${status}) ${faults.join(', ')}`)
}

function requireUnits({ stock, sagas }: World): void {
  const sold = sagas.reduce(
    (sum, { order, quantity }) => sum + (order.status === 'COMPLETED' ? quantity : 0),
    0,
  )
  if (stock.available !== UNITS - sold || stock.held !== 0 || stock.committed !== sold)
    throw new Error(`${sold} units were sold, but the stock is ${JSON.stringify(stock)}`)
}
