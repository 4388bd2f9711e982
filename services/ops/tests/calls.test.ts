import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { MESH_ROUTES, type MeshView, type SettingChange } from '@lepton/contracts/mesh'
import type { Problem } from '@lepton/contracts/problems'
import type { Snapshot } from '@lepton/common/http/snapshot'
import type { ServiceView } from '@lepton/contracts/figures'
import { freshKey } from '@lepton/testing/builders'
import type { Person } from '@lepton/testing/people'
import { describeRefusals } from '@lepton/testing/route-suite'
import { createCallWatch } from '../src/calls/call-watch.ts'
import { meshRoutes } from '../src/calls/routes.ts'
import { createIncreases } from '../src/increases.ts'
import { createOnce } from '../src/once.ts'
import { createFakeControl } from './fakes.ts'
import { useOps } from './ops-service.ts'

const control = createFakeControl()
let nowMs = 0
const watch = createCallWatch(
  control,
  createIncreases(() => nowMs),
)
const ops = useOps(() =>
  meshRoutes({ pairs: watch.latest, control, once: createOnce(), incomplete: () => [] }),
)
let operator: Person

beforeAll(async () => {
  operator = await ops.people.operator()
})
beforeEach(async () => {
  Object.assign(control.state, { isAway: false, isContended: false })
  for (const key of control.values().keys()) await control.set(key, undefined, { who: '', why: '' })
})

/** What cart-1 has counted of its calls so far. */
function look(ended: number, failed: number): void {
  const endpoints = ['order-1', 'order-2'].map((instance) => ({
    ...{ instance, standing: 'healthy', ejected_ms: null, weight: 1, pending: 0 },
    ...{ ended, failed, buckets: [0, ended] },
  }))
  const target = { target: 'order', policy: 'load', budget: 10, is_panicking: false, discovery_age_s: 1 }
  const snapshot = {
    boot_id: 'a boot',
    rtt_le: [0.01],
    targets: [{ ...target, retried: 0, breakers: [], endpoints }],
  } as unknown as Snapshot
  const services = [
    { service: 'cart', instances: [{ name: 'cart-1', state: 'passing' }] },
  ] as unknown as ServiceView[]
  watch.look({ services, snapshotOf: () => snapshot })
  nowMs += 10_000
}
const put = (body: object) =>
  operator.put<SettingChange & Problem>('/ops/settings', { reason: 'a test', ...body }, { key: freshKey() })
const read = async () => (await operator.get<MeshView>('/ops/mesh')).body

describe('who calls whom', () => {
  it('is known from the second look on, and shows what is drained', async () => {
    look(100, 0)
    expect((await read()).pairs).toMatchObject([{ calls_per_s: null, endpoints: [{ share: null }, {}] }])
    await put({ key: 'instances/order/order-2', value: '{"drain":true}' })
    look(150, 5)

    const [pair] = (await read()).pairs
    expect(pair).toMatchObject({ caller: 'cart', target: 'order', calls_per_s: 10, success_share: 0.9 })
    expect(pair!.endpoints).toMatchObject([
      { instance: 'order-1', expected_share: 1, is_drained: false },
      { instance: 'order-2', expected_share: 0, is_drained: true },
    ])
  })
})

describe('an operator', () => {
  it('changes a setting, sees before and after, and takes it back', async () => {
    await put({ key: 'services/order', value: '{"policy":"random"}' })
    const changed = await put({ key: 'services/order', value: '{"policy":"latency"}' })
    expect(changed.body).toMatchObject({ before: '{"policy":"random"}', after: '{"policy":"latency"}' })

    const undone = await operator.post<SettingChange>(
      '/ops/settings/undo',
      { key: 'services/order', reason: 'worse' },
      { key: freshKey() },
    )
    expect(undone.body).toMatchObject({
      before: '{"policy":"latency"}',
      after: '{"policy":"random"}',
      why: 'worse',
    })
    const { settings, changes } = await read()
    expect(settings).toEqual([{ key: 'services/order', value: '{"policy":"random"}' }])
    expect(changes.slice(0, 3).map(({ why }) => why)).toEqual(['worse', 'a test', 'a test'])
  })

  it('does it once for a key, however often it is sent', async () => {
    const key = freshKey()
    const body = { key: 'services/order', value: '{"policy":"random"}', reason: 'a test' }
    const before = control.changes().length
    await operator.put('/ops/settings', body, { key })
    const again = await operator.put('/ops/settings', body, { key })
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(control.changes()).toHaveLength(before + 1)
  })

  it.each([
    ['no such key', 'nothing/order', '{}', '/key'],
    ['no such policy', 'services/order', '{"policy":"best"}', '/value'],
    ['no JSON', 'services/order', 'latency', '/value'],
    ['a split of more than all', 'routes/order', '{"split":[{"version":"2","percent":101}]}', '/value'],
  ])('is refused %s, with the field that is wrong', async (_name, key, value, pointer) => {
    const { status, body } = await put({ key, value })
    expect([status, body.errors?.[0]?.pointer]).toEqual([400, pointer])
  })

  it('is refused to undo what was never done, what another has changed, and all while Consul is away', async () => {
    const undo = await operator.post(
      '/ops/settings/undo',
      { key: 'services/cart', reason: 'why' },
      { key: freshKey() },
    )
    expect(undo.status).toBe(404)
    control.state.isContended = true
    expect((await put({ key: 'services/order', value: '{"policy":"random"}' })).status).toBe(409)
    control.state.isAway = true
    expect((await put({ key: 'services/order', value: '{"policy":"random"}' })).status).toBe(503)
  })
})

describeRefusals(ops, MESH_ROUTES, {
  change_setting: { key: 'services/order', value: '{"policy":"random"}', reason: 'a test' },
  undo_setting: { key: 'services/order', reason: 'a test' },
})
