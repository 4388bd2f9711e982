import { afterAll, beforeAll } from '@jest/globals'
import { createHttpApp, type Endpoint } from '@lepton/common/http/app'
import { createIdentity, type TestIdentity } from '@lepton/testing/identity'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { silentLog } from '@lepton/testing/log'
import { createFakeMesh, type FakeMesh } from '@lepton/testing/mesh'
import { type People, servePeople } from '@lepton/testing/people'

export interface OpsUnderTest {
  identity: TestIdentity
  mesh: FakeMesh
  people: People
}

/** The ops service for the tests of one file; the other services are as far there as a test says what they answer. */
export function useOps(endpointsOf: (mesh: FakeMesh) => Endpoint[]): OpsUnderTest {
  const identity = createIdentity('ops')
  const mesh = createFakeMesh()
  const running = { identity, mesh } as OpsUnderTest
  beforeAll(async () => {
    const deps = {
      log: silentLog,
      metrics: createMetrics(),
      verify: identity.verify,
      signer: identity.signerOf('ops'),
      isReady: () => true,
    }
    running.people = await servePeople(createHttpApp(deps, endpointsOf(mesh)), identity)
  })
  afterAll(async () => {
    await running.people.close()
    identity.remove()
  })
  return running
}
