import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { readConfig } from '@lepton/local/config'
import { placeProbeOrder, probeOps } from '@lepton/local/probe'
import { ROOT } from '@lepton/local/root'
import { SERVICES, type ServiceName } from '@lepton/local/services'
import { startShop } from '@lepton/local/shop'
import type { Shop } from '@lepton/local/shop-types'
import { createRandom } from '../chaos/random.ts'
import { startsWanted } from '../config.ts'

/** A start with its order and its end, on a machine that does other things too. */
const TIMEOUT_MS = 120_000
const ORDER_TIMEOUT_MS = 45_000
const { starts, seed } = startsWanted()

jest.setTimeout(TIMEOUT_MS)

let stateDir: string
let shop: Shop

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'lepton-starting-'))
  shop = await startShop({
    root: ROOT,
    stateDir,
    useDefaultPorts: false,
    config: { ...readConfig(), given: {} },
    instances: Object.fromEntries(SERVICES.map((service) => [service, 0])),
    probe: false,
  })
})

afterAll(async () => {
  await shop.stop()
  await rm(stateDir, { recursive: true, force: true })
})

describe(`the services, with only their servers running, in the orders of seed ${seed}`, () => {
  it.each(ordersOf(seed))('start as %s, and sell something', async (order) => {
    for (const service of order.split(' ')) await shop.add(service as ServiceName)

    const probe = {
      gateway: shop.urls.gateway,
      timeoutMs: ORDER_TIMEOUT_MS,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }
    const orderId = await placeProbeOrder(probe)
    await probeOps({ orderId, operatorSecretFile: shop.operatorSecretFile }, probe)

    expect(orderId).toMatch(/^[0-9a-f-]{36}$/)
    await Promise.all(shop.instances().map(({ instance }) => shop.remove(instance)))
  })
})

/** Each is ready before the next begins: what needed a later one to start would never come so far. */
function ordersOf(seed: number): string[] {
  const random = createRandom(seed)
  return Array.from({ length: starts }, () => {
    const left = [...SERVICES]
    return SERVICES.map(() => left.splice(random.int(0, left.length - 1), 1)[0]).join(' ')
  })
}
