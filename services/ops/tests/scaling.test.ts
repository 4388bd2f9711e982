import { expect, it } from '@jest/globals'
import { SCALING_ROUTES, type ScalingView } from '@lepton/contracts/scaling'
import { describeRefusals } from '@lepton/testing/route-suite'
import { scalingRoutes } from '../src/scaling/start.ts'
import { useOps } from './ops-service.ts'

const VIEW: ScalingView = {
  service: 'order',
  min: 1,
  max: 4,
  on: 'lag',
  target: 200,
  size: 2,
  words: 'lag 500, 200 an instance',
  changed_at: null,
}
const ops = useOps(() => scalingRoutes({ views: () => [VIEW] }))

it('says which services are sized by load, and by what', async () => {
  const operator = await ops.people.operator()
  expect((await operator.get('/ops/scaling')).body).toEqual({ items: [VIEW] })
})

describeRefusals(ops, SCALING_ROUTES, {})
