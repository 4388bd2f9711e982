import { expect, it } from '@jest/globals'
import type { Capabilities } from '@lepton/contracts/processes'
import type { Overview, Pulse } from '@lepton/contracts/console'
import type { ServiceView } from '@lepton/contracts/figures'
import type { Timeline } from '@lepton/contracts/ops-timeline'
import type { Problem } from '@lepton/contracts/problems'
import type { Promises } from '@lepton/contracts/promises'
import { openEvents } from '@lepton/testing/events'
import type { Shopper } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { client, operator, settled, slugOf, target, uniqueName } from './world.ts'

/** How soon a killed process is to be seen. */
const SEEN_MS = 1_500
const ORDERS = 20

const read = async <T>(path: string) => (await operator.ask<T>('GET', `/api/v1${path}`)).body
const act = (path: string, body: object = {}) =>
  operator.ask<Problem & { observed: string }>('POST', `/api/v1${path}`, {
    key: uniqueName('act'),
    body: { reason: 'a journey', ...body },
  })
const stream = ({ token }: Shopper, orderId: string, lastId?: string) =>
  openEvents(`${target.gateway}/api/v1/orders/${orderId}/stream`, {
    authorization: `Bearer ${token}`,
    ...(lastId !== undefined && { 'last-event-id': lastId }),
  })

async function serviceOf(name: string): Promise<ServiceView> {
  const { items } = await read<{ items: ServiceView[] }>('/ops/services')
  return items.find(({ service }) => service === name)!
}

async function allPassing(name: string, count?: number): Promise<void> {
  await until(`${name} is passing`, async () => {
    const { instances } = await serviceOf(name)
    const living = instances.filter(({ state }) => state !== 'gone')
    return living.every(({ state }) => state === 'passing') && living.length >= (count ?? 1)
  })
}

/** What operators see and do, on a shop that runs. */
export function operating(): void {
  it('shows every process, and the way of an order through all of them', async () => {
    const shopper = await client.shopper()
    const orderId = await shopper.place([{ item_id: 'desk-mat', quantity: 1 }])
    await settled(shopper, orderId, ['COMPLETED'])

    const seen = await until('figures of every service', async () => {
      const overview = await read<Overview>('/ops/overview')
      const hasOrders = overview.orders.accepted !== null && overview.orders.accepted > 0
      return overview.incomplete.length === 0 && hasOrders && overview
    })
    for (const service of ['gateway', 'cart', 'order', 'inventory', 'payment', 'ops', 'psp'])
      expect(seen.services.find((one) => one.service === service)!.instances.length).toBeGreaterThan(0)

    const { events, expected, incomplete } = await until('every reader has applied every event', async () => {
      const timeline = await read<Timeline>(`/ops/orders/${orderId}/timeline`)
      return timeline.events.every(({ consumed }) => consumed.every(({ at }) => at !== null)) && timeline
    })
    expect([expected, incomplete]).toEqual([[], []])
    expect(new Set(events.map(({ service }) => service))).toEqual(new Set(['order', 'inventory', 'payment']))
    const known = new Set(events.map(({ event_id }) => event_id))
    const [first, ...others] = events
    expect(first).toMatchObject({ type: 'order.placed.v1', caused_by: null })
    for (const { caused_by } of others) expect(known).toContain(caused_by)
  })

  it('kills an instance under buying shoppers as it is asked to: no order is lost, no promise broken', async () => {
    const { actions, runtime } = await read<Capabilities>('/ops/capabilities')
    const [victim] = (await serviceOf('order')).instances
    if (!actions.kill.allowed) {
      const refused = await act(`/ops/instances/${victim!.name}/kill`)
      expect([refused.status, slugOf(refused)]).toEqual([409, 'not-possible-here'])
      const command = runtime === 'compose' ? 'docker kill' : 'kubectl -n lepton delete pod'
      expect(refused.body.detail).toContain(`${command} ${victim!.name}`)
      return
    }
    const shopper = await client.shopper()
    const placing = Array.from({ length: ORDERS }, () =>
      shopper.place([{ item_id: 'espresso-cups', quantity: 1 }]),
    )

    // From before it is killed: on a quick machine it is there again when the answer comes.
    const down = until(`${victim!.name} is seen to be down`, async () => {
      const { instances } = await serviceOf('order')
      return instances.some(({ name, state }) => name === victim!.name && state === 'failing')
    })
    const killed = await act(`/ops/instances/${victim!.name}/kill`)
    const askedAt = performance.now()
    await down

    expect(killed).toMatchObject({ status: 200, body: { observed: 'ended' } })
    expect(performance.now() - askedAt).toBeLessThan(SEEN_MS)
    for (const orderId of await Promise.all(placing)) await settled(shopper, orderId, ['COMPLETED'])
    await allPassing('order', 2)
    const before = new Date().toISOString()
    await act('/ops/promises/check')
    const promises = await until('all orders are compared', async () => {
      const found = await read<Promises>('/ops/promises')
      return found.items.every(({ checked_at }) => checked_at === null || checked_at > before) && found
    })
    expect(promises.items.filter(({ state }) => state === 'broken')).toEqual([])
    expect(promises.items.filter(({ state }) => state === 'kept')).toHaveLength(12)
  })

  it('ends a pause although the ops service that asked for it is dead', async () => {
    const { actions } = await read<Capabilities>('/ops/capabilities')
    if (!actions.pause.allowed) return
    const [instance] = await target.instances('payment')

    const paused = await act(`/ops/instances/${instance}/pause`, { for_s: 3 })
    const [ops] = await target.instances('ops')
    await target.crash(ops!)

    expect(paused.body.observed).toBe('paused')
    await allPassing('payment', 2)
    await allPassing('ops')
  })

  it('is away while its service is, and the shop sells on', async () => {
    const shopper = await client.shopper()
    await target.takeAway('ops')

    const [overview, pulse] = [
      await operator.ask<Problem>('GET', '/api/v1/ops/overview'),
      await client.ask<Problem>('GET', '/api/v1/pulse'),
    ]
    const orderId = await shopper.place([{ item_id: 'desk-mat', quantity: 1 }])
    await settled(shopper, orderId, ['COMPLETED'])
    await target.bringBack('ops')

    expect([overview, pulse].map((answer) => [answer.status, slugOf(answer)])).toEqual([
      [503, 'unavailable'],
      [503, 'unavailable'],
    ])
    expect(overview.body.detail).toContain('ops')
    const back = await until('the pulse beats again, and knows of the order', async () => {
      const { status, body } = await client.ask<Pulse>('GET', '/api/v1/pulse')
      return status === 200 && (body.orders.completed ?? 0) > 0 && body
    })
    expect(back.flow).toEqual(expect.any(Array))
  })

  it('sends an order to its shopper as it changes, while Kafka is paused and after its instance is killed', async () => {
    const shopper = await client.shopper()
    await target.pause('kafka')
    const orderId = await shopper.place([{ item_id: 'desk-mat', quantity: 1 }])
    const events = await stream(shopper, orderId)
    const placed = await events.next()
    expect(placed).toMatchObject({ event: 'order', id: '1', data: { status: 'PLACED', stock: 'pending' } })

    for (const instance of await target.instances('order')) await target.crash(instance)
    await events.rest()
    await target.resume('kafka')
    const statuses = await until('the stream reaches its end', async () => {
      const again = await stream(shopper, orderId, placed!.id)
      const rest = again.status === 200 ? await again.rest() : []
      const seen = rest.map(({ data }) => (data as { status?: string }).status)
      return seen.includes('COMPLETED') && seen
    })
    expect(statuses).not.toContain('PLACED')
  })
}
