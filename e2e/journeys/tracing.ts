import { randomBytes } from 'node:crypto'
import { expect, it } from '@jest/globals'
import type { OrderTrace } from '@lepton/contracts/ops-trace'
import { DATABASE_OWNERS } from '@lepton/setup/services'
import { until } from '@lepton/testing/until'
import { client, operator, settled, target, uniqueName } from './world.ts'

interface Archived {
  type: string
  traceparent: string | null
}

/** Every event of an order, in the archives of all services. */
async function eventsOf(orderId: string): Promise<Archived[]> {
  const archives = await Promise.all(
    DATABASE_OWNERS.map((owner) =>
      target.query<Archived>(
        owner,
        `select type, headers ->> 'traceparent' as traceparent from outbox
         where headers ->> 'ce_correlationid' = '${orderId}'`,
      ),
    ),
  )
  return archives.flat()
}

const MODES = ['saga', 'two_phase'] as const
const DOORS = ['/orders', '/cart/checkout'] as const

/** What each service publishes about an order that is completed. */
const EVENTS = [
  'inventory.stock_committed.v1',
  'inventory.stock_reserved.v1',
  'order.completed.v1',
  'order.confirmed.v1',
  'order.placed.v1',
  'payment.authorized.v1',
  'payment.captured.v1',
]

/** The steps of an order, as a line of each says. */
const STEPS = [
  ['gateway', 'an order was accepted'],
  ['order', 'order.placed.v1'],
  ['inventory', 'inventory.stock_reserved.v1'],
  ['psp', 'authorize'],
  ['payment', 'payment.authorized.v1'],
  ['order', 'order.confirmed.v1'],
  ['inventory', 'inventory.stock_committed.v1'],
  ['psp', 'capture'],
  ['payment', 'payment.captured.v1'],
  ['order', 'order.completed.v1'],
] as const satisfies readonly Step[]

type Step = readonly [service: string, what: string]

/** The steps that no line about the order tells of. */
async function stepsMissing(steps: readonly Step[], orderId: string): Promise<Step[]> {
  const lines = await target.logsOf(orderId)
  return steps.filter(
    ([service, what]) =>
      !lines.some((text) => text.includes(`"service":"${service}"`) && text.includes(what)),
  )
}

/** What a span of each of these says was done for every order, in which service. */
const PARTS = [
  ['gateway', 'server'],
  ['gateway', 'client'],
  ['order', 'producer'],
  ['inventory', 'consumer'],
  ['payment', 'client'],
  ['payment', 'producer'],
  ['order', 'consumer'],
] as const

/** Parts of the trace that are missing, and spans that hang in the air: whose cause is neither known nor the client's own. */
function gapsIn({ spans }: OrderTrace, clientSpanId: string): string[] {
  const known = new Set([clientSpanId, ...spans.map(({ span_id }) => span_id)])
  const missing = PARTS.filter(
    ([service, kind]) => !spans.some((span) => span.service === service && span.kind === kind),
  )
  const hanging = spans.filter(({ parent_id }) => !known.has(parent_id ?? ''))
  return [
    ...missing.map((part) => part.join(' ')),
    ...hanging.map(({ service, name }) => `${service}: ${name}`),
  ]
}

export function tracing(): void {
  it.each(MODES.flatMap((mode) => DOORS.map((door) => ({ mode, door }))))(
    'has one trace for an order by $door, $mode, and a line for each of its steps',
    async ({ mode, door }) => {
      const shopper = await client.shopper()
      const line = { item_id: 'espresso-cups', quantity: 1 }
      if (door === '/cart/checkout') await shopper.ask('POST', '/api/v1/cart', { body: line })
      const traceId = randomBytes(16).toString('hex')
      const spanId = randomBytes(8).toString('hex')

      const placed = await shopper.ask<{ order_id: string }>('POST', `/api/v1${door}`, {
        key: uniqueName('key'),
        headers: { traceparent: `00-${traceId}-${spanId}-01` },
        body: { payment_token: 'tok_approved', mode, ...(door === '/orders' && { lines: [line] }) },
      })
      const { order_id } = placed.body
      await settled(shopper, order_id, ['COMPLETED'])

      const ofCheckout = door === '/cart/checkout' ? ['cart.checked_out.v1'] : []
      const events = await eventsOf(order_id)
      expect(events.map(({ type }) => type).sort()).toEqual([...ofCheckout, ...EVENTS])
      expect(events.filter(({ traceparent }) => traceparent?.slice(3, 35) !== traceId)).toEqual([])
      const steps = [...ofCheckout.map((type) => ['cart', type] as const), ...STEPS]
      // A line is written just after its commit, which others may have seen.
      await until('a line of every step', async () => {
        expect(await stepsMissing(steps, order_id)).toEqual([])
        return true
      })
      await until('the spans of every step, each with its cause', async () => {
        const { body } = await operator.ask<OrderTrace>('GET', `/api/v1/ops/orders/${order_id}/trace`)
        expect([body.trace_ids, body.incomplete]).toEqual([[traceId], []])
        expect(gapsIn(body, spanId)).toEqual([])
        return true
      })
    },
  )
}
