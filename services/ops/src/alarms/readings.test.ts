import { expect, it } from '@jest/globals'
import type { Snapshot } from '@lepton/common/http/snapshot'
import type { ServiceView } from '@lepton/contracts/figures'
import { createIncreases } from '../increases.ts'
import { certificates } from './readings.ts'

const AT = '2026-01-01T00:00:00.000Z'
const EXPIRES_S = { 'order-1': Date.parse(AT) / 1_000 + 90, 'order-2': null }

it('say how long each certificate still lasts by the clock of its own process, and nothing of one without', () => {
  const instances = Object.keys(EXPIRES_S).map((name) => ({ name, state: 'passing' }))
  const readings = certificates({
    services: [{ service: 'order', instances } as unknown as ServiceView],
    snapshotOf: (instance) =>
      ({
        service: 'order',
        instance,
        at: AT,
        certificate_expires_s: EXPIRES_S[instance as keyof typeof EXPIRES_S],
      }) as Snapshot,
    walk: undefined,
    increases: createIncreases(),
  })

  expect(readings).toEqual([
    { labels: { service: 'order', instance: 'order-1' }, value: 90 },
    { labels: { service: 'order', instance: 'order-2' }, value: null },
  ])
})
