import { expect, it } from '@jest/globals'
import { createOrderPaths, type PathEvent } from './order-paths.ts'

function event(event_id: string, type: string, atMs: number, caused_by?: string): PathEvent {
  const [source = ''] = type.split('.')
  const processor_ms = type === 'payment.captured.v1' ? 7 : undefined
  return { event_id, type, source, topic: `${source}.v1`, atMs, caused_by, processor_ms }
}

/** One order, whose capture takes so long. */
function order(id: string, captureMs: number): PathEvent[] {
  return [
    event(`${id}1`, 'order.placed.v1', 0),
    event(`${id}2`, 'inventory.stock_reserved.v1', 10, `${id}1`),
    event(`${id}3`, 'order.confirmed.v1', 15, `${id}2`),
    event(`${id}4`, 'inventory.stock_committed.v1', 18, `${id}3`),
    event(`${id}5`, 'payment.captured.v1', 15 + captureMs, `${id}3`),
    event(`${id}6`, 'order.completed.v1', 20 + captureMs, `${id}5`),
  ]
}

it('is the chain of causes that the completion waited for, with the mean of each step', () => {
  const paths = createOrderPaths()
  for (const one of [...order('a', 20), ...order('b', 40), ...order('a', 20)]) paths.add(one)

  const usual = paths.usual(1_000, ({ processorMs }) => 5 + processorMs)!

  expect(usual.steps.map(({ to, measured_ms }) => [to, measured_ms])).toEqual([
    ['inventory.stock_reserved.v1', 10],
    ['order.confirmed.v1', 5],
    ['payment.captured.v1', 30],
    ['order.completed.v1', 5],
  ])
  expect(usual).toMatchObject({ orders: 2, share: 1, measured_ms: 50, predicted_ms: 27 })
})

it('is not known where no order was completed, where a cause is not known, or where all are long ago', () => {
  const paths = createOrderPaths()
  paths.add(event('x', 'order.completed.v1', 0, 'not on the log'))
  expect(paths.usual(1_000, () => 1)).toBeUndefined()

  for (const one of order('a', 20)) paths.add(one)
  expect(paths.usual(1_000, () => null)).toMatchObject({ predicted_ms: null })
  expect(paths.usual(1_000_000, () => 1)).toBeUndefined()
})

it('leaves out a chain that goes in circles', () => {
  const paths = createOrderPaths()
  paths.add(event('a', 'order.placed.v1', 0, 'b'))
  paths.add(event('b', 'order.confirmed.v1', 0, 'a'))
  paths.add(event('c', 'order.completed.v1', 0, 'b'))
  expect(paths.usual(1_000, () => 1)).toBeUndefined()
})
