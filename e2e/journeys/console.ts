import { expect, it } from '@jest/globals'
import type { Alarm, AlarmEvent, Alarms } from '@lepton/contracts/alarms'
import type { MeshView, SettingChange } from '@lepton/contracts/mesh'
import type { Fault, Faults } from '@lepton/contracts/faults'
import type { Overview } from '@lepton/contracts/console'
import type { Capabilities } from '@lepton/contracts/processes'
import type { ScalingView } from '@lepton/contracts/scaling'
import type { Queues, Streams } from '@lepton/contracts/streams'
import { until } from '@lepton/testing/until'
import { startLoad } from '../load.ts'
import { client, operator, settled, target, uniqueName } from './world.ts'

/** @throws Error where it is refused, or ops does not answer */
async function read<T>(path: string): Promise<T> {
  const { status, body } = await operator.ask<T>('GET', `/api/v1${path}`)
  if (status !== 200) throw new Error(`GET ${path} answered ${status}`)
  return body
}
const capabilities = () => until('ops says what can be done', () => read<Capabilities>('/ops/capabilities'))
const act = <T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body: object = {}) =>
  operator.ask<T>(method, `/api/v1${path}`, {
    key: uniqueName('act'),
    body: { reason: 'a journey', ...body },
  })
const historyOf = async (alarm: string) =>
  (await read<Alarms>('/ops/alarms')).history.filter(({ name }) => name === alarm)

/** A container starts again slowly on a machine that others use too. */
const OPS_IS_BACK_MS = 60_000

/** What operators set while the shop runs. */
export function consoleJourneys(): void {
  it('raises an alarm when its threshold is set to what is normal, keeps it over a death of ops, and clears it', async () => {
    const alarms = () => read<Alarms>('/ops/alarms')
    // A shop that runs on may have it raised.
    await act('PUT', '/ops/alarms/EventLoopBusy')
    await until('it is not raised', async () => {
      const { items } = await alarms()
      return items.some(({ name, state }) => name === 'EventLoopBusy' && state === 'ok')
    })
    const [earlier] = await historyOf('EventLoopBusy')
    const isSince = ({ name, at }: AlarmEvent) => name === 'EventLoopBusy' && at > (earlier?.at ?? '')
    // An event loop is never busy for less than nothing.
    const set = await act<Alarm>('PUT', '/ops/alarms/EventLoopBusy', { threshold: 0, for_s: 0 })
    expect(set.body).toMatchObject({ threshold: 0, default_threshold: 0.9 })
    const [raised] = await until('it is raised', async () => {
      const history = (await alarms()).history.filter(isSince)
      return history.length > 0 && history.toReversed()
    })
    expect(raised).toMatchObject({ kind: 'raised', severity: 'ticket', threshold: 0 })

    const [ops] = await target.instances('ops')
    await target.crash(ops!)
    const isOfInstance = (event: AlarmEvent) =>
      isSince(event) && event.labels['instance'] === raised!.labels['instance']
    await until(
      'it still is, and was raised once',
      async () => {
        const { items, history } = await alarms()
        const alarm = items.find(({ name }) => name === 'EventLoopBusy')
        const again = history.filter(isOfInstance)
        if (alarm?.state === 'firing' && again.length === 1) return true
        // What was seen instead is what the failure should say.
        throw new Error(JSON.stringify({ state: alarm?.state, again, raised }))
      },
      { timeoutMs: OPS_IS_BACK_MS },
    )

    await act('PUT', '/ops/alarms/EventLoopBusy')
    await until('it is cleared', async () => {
      const last = (await alarms()).history.find(isOfInstance)
      return last?.kind === 'cleared'
    })
  })

  it('shows a paused consumer fall behind, when it will be level again, and that it is, although ops was killed', async () => {
    const { actions } = await capabilities()
    if (!actions.pause.allowed) return
    const streamOf = async () =>
      (await read<Streams>('/ops/streams')).streams.find(
        ({ service, topic }) => service === 'payment' && topic === 'order.v1',
      )
    const shopper = await client.shopper()
    for (const instance of await target.instances('payment'))
      await act('POST', `/ops/instances/${instance}/pause`, { for_s: 15 })
    const orderIds = await Promise.all(
      Array.from({ length: 20 }, () => shopper.place([{ item_id: 'desk-mat', quantity: 1 }])),
    )

    const behind = await until('the lag is seen', async () => {
      const stream = await streamOf()
      return (stream?.lag_records ?? 0) >= 20 && (stream?.lag_s ?? 0) > 0 && stream
    })
    // It does not shrink: there is no time at which it will be gone.
    expect(behind).toMatchObject({ topic: 'order.v1', clear_in_s: null })
    const [ops] = await target.instances('ops')
    await target.crash(ops!)

    for (const orderId of orderIds) await settled(shopper, orderId, ['COMPLETED'])
    const level = await until('it is level again', async () => {
      const stream = await streamOf().catch(() => undefined)
      return stream?.lag_records === 0 && stream
    })
    expect(level).toMatchObject({ lag_s: 0, clear_in_s: 0 })
    expect(level.partitions.every(({ owner }) => owner !== null)).toBe(true)
  })

  it('foretells what a consumer takes, beside what it took, and the way that orders wait for', async () => {
    await using load = await startLoad(client, 8)
    const { stations, path } = await until(
      'figures of a minute under load',
      async () => {
        const queues = await read<Queues>('/ops/queues')
        const busy = queues.stations.filter(({ ends }) => ends === null || ends === 'batches')
        return busy.length >= 4 && queues.path !== null && queues
      },
      { timeoutMs: 30_000 },
    )
    await load.stop()

    for (const { servers, utilisation, predicted, measured, error_share } of stations.filter(
      ({ ends }) => ends === null,
    )) {
      expect(servers).toBeGreaterThan(0)
      expect(utilisation).toBeGreaterThan(0)
      expect(utilisation).toBeLessThan(1)
      expect(error_share).toBeCloseTo(predicted.time_ms! / measured.time_ms! - 1)
    }
    expect(path!.steps[0]!.from).toMatch(/^order\.placed|^cart\.checked_out/)
    expect(path!.steps.at(-1)).toMatchObject({ to: 'order.completed.v1', service: 'order' })
    expect(path!.measured_ms).toBeCloseTo(path!.steps.reduce((sum, { measured_ms }) => sum + measured_ms, 0))
  })

  it('drains an instance while shoppers buy, sees its share go to the others, and undoes it', async () => {
    await using load = await startLoad(client, 4)
    const pairOf = async () =>
      (await read<MeshView>('/ops/mesh')).pairs.find(
        ({ caller, target: called }) => caller === 'gateway' && called === 'order',
      )

    const drained = await until('it is called', async () => (await pairOf())?.endpoints[0]?.instance)
    const key = `instances/order/${drained}`
    const changed = await act<SettingChange>('PUT', '/ops/settings', { key, value: '{"drain":true}' })
    expect(changed.body).toMatchObject({ before: null, after: '{"drain":true}' })
    const endpoints = await until(
      'nothing is expected of it, and it is called less',
      async () => {
        const pair = await pairOf()
        const one = pair?.endpoints.find(({ instance }) => instance === drained)
        return one?.is_drained && one.expected_share === 0 && (one.share ?? 1) < 0.3 && pair?.endpoints
      },
      { timeoutMs: 70_000 },
    )
    const others = endpoints.filter(({ instance }) => instance !== drained)
    expect(others.reduce((sum, { share }) => sum + (share ?? 0), 0)).toBeGreaterThan(0.7)

    const undone = await act<SettingChange>('POST', '/ops/settings/undo', { key })
    expect(undone.body).toMatchObject({ before: '{"drain":true}', after: null })
    await until('it is used again', async () => {
      const one = (await pairOf())?.endpoints.find(({ instance }) => instance === drained)
      return one?.is_drained === false && one.expected_share! > 0
    })
    expect((await load.stop()).failures).toEqual([])
  })

  it('sizes a service by its load, within limits, and loses no request while it grows and shrinks', async () => {
    const { actions } = await capabilities()
    if (!actions.add.allowed) return
    const size = (limits: object | undefined) =>
      act('PUT', '/ops/settings', {
        key: 'scaling/order',
        ...(limits && { value: JSON.stringify({ on: 'cpu', target: 1, ...limits }) }),
      })
    const before = await target.instances('order')
    const running = async (count: number) =>
      until(`${count} instances run`, async () => (await target.instances('order')).length === count, {
        timeoutMs: 60_000,
      })
    await using load = await startLoad(client, 4)

    await size({ min: before.length, max: before.length + 1 })
    await running(before.length + 1)
    const { items } = await read<{ items: ScalingView[] }>('/ops/scaling')
    expect(items).toMatchObject([{ service: 'order', size: before.length + 1, on: 'cpu' }])
    const { items: acts } = await read<{ items: { who: string; reason: string }[] }>('/ops/actions')
    expect(acts.find(({ who }) => who === 'scaling')?.reason).toMatch(/^CPU \d+ %, 1 % an instance: \d → \d$/)

    await size({ min: before.length, max: before.length })
    await running(before.length)
    await size(undefined)
    expect((await load.stop()).failures).toEqual([])
    expect(await target.instances('order')).toEqual(before)
  })

  it('stops inventory: what needs it is named and has no figures, what does not goes on, and it ends though ops was killed', async () => {
    const { actions, runtime } = await capabilities()
    const started = await act<Fault & { detail: string }>('POST', '/ops/faults', {
      kind: 'stop_service',
      target: 'inventory',
      for_s: 20,
    })
    if (!actions.pause.allowed) {
      expect(started.status).toBe(409)
      expect(started.body.detail).toContain(
        runtime === 'compose' ? 'docker compose pause' : 'Kubernetes runs',
      )
      return
    }
    expect(started).toMatchObject({ status: 201, body: { id: 'stop-service-inventory' } })

    const overview = await until('the overview names it', async () => {
      const seen = await read<Overview>('/ops/overview')
      return seen.incomplete.some(({ service }) => service === 'inventory') && seen
    })
    const inventory = overview.services.find(({ service }) => service === 'inventory')!
    expect(inventory.instances.every(({ state }) => state === 'failing')).toBe(true)
    expect(inventory.figures).toEqual({
      requests_per_s: null,
      error_share: null,
      p99_ms: null,
      lag_records: null,
      outbox_pending: null,
      outbox_oldest_s: null,
      dead_letters: null,
    })
    const [ops] = await target.instances('ops')
    await target.crash(ops!)

    const seen = await until('the next ops shows it, and when it ends', async () => {
      const { items } = await read<Faults>('/ops/faults').catch(() => ({ items: [] as Fault[] }))
      return items?.length === inventory.instances.length && items
    })
    for (const { who, ends_at, processes } of seen) {
      expect([who, processes.map(({ in_effect }) => in_effect)]).toEqual([null, [true]])
      expect(Date.parse(ends_at!)).toBeGreaterThan(Date.now())
    }
    await until(
      'it has ended by itself',
      async () => {
        const { items } = await read<Faults>('/ops/faults').catch(() => ({ items: undefined }))
        const now = await read<Overview>('/ops/overview').catch(() => undefined)
        const back = now?.services?.find(({ service }) => service === 'inventory')
        return items?.length === 0 && back?.instances.every(({ state }) => state === 'passing')
      },
      { timeoutMs: 40_000 },
    )
  })
}
