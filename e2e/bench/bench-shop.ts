import { readFile } from 'node:fs/promises'
import { startShop } from '@lepton/local/shop'
import type { Shop, ShopOptions } from '@lepton/local/shop-types'
import { createShopClient, type ShopClient, type Shopper } from '@lepton/testing/shop-client'
import type { Pattern } from '@lepton/contracts/patterns'
import { withoutPattern } from '@lepton/testing/mutants/environment'
import { stockUp } from './orders.ts'

const ROOT = new URL('../..', import.meta.url).pathname
const UNLIMITED = '1000000000'

export interface BenchOptions {
  /** The pattern that it is to have none of. */
  without?: Pattern
  /** Settings of every process. */
  all?: Record<string, string>
  instances?: NonNullable<ShopOptions['instances']>
}

/** A shop without limits, on free ports. */
export async function startBenchShop(
  stateDir: string,
  { without, all = {}, instances = {} }: BenchOptions = {},
): Promise<Shop> {
  const limits = {
    RATE_LIMIT_PER_MINUTE: UNLIMITED,
    ADDRESS_LIMIT_PER_MINUTE: UNLIMITED,
    SESSION_LIMIT_PER_MINUTE: UNLIMITED,
    SUBJECT_MAX_IN_FLIGHT: UNLIMITED,
  }
  const order = { ORDER_MAX_OPEN_PER_CUSTOMER: UNLIMITED, ORDER_MAX_UNPAID_UNITS_PER_CUSTOMER: UNLIMITED }
  const { importOption = '', ...mutant } = without === undefined ? {} : withoutPattern(without)
  const worse = without === undefined ? {} : { ...mutant, NODE_OPTIONS: importOption }
  const env = {
    all,
    gateway: limits,
    cart: worse,
    order: { ...worse, ...order },
    inventory: worse,
    payment: worse,
  }
  return startShop({ root: ROOT, stateDir, useDefaultPorts: false, instances, env })
}

/** A shop with stock for every run, for as long as the measurement takes. */
export async function withShop(
  stateDir: string,
  work: (shop: Shop, client: ShopClient) => Promise<void>,
  options: BenchOptions = {},
): Promise<void> {
  const shop = await startBenchShop(stateDir, options)
  const client = createShopClient(shop.urls.gateway)
  try {
    await stockUp(client, await secretOf(shop), 100_000)
    await work(shop, client)
  } finally {
    await client.close()
    await shop.stop()
  }
}

export async function operatorOf(shop: Shop, client: ShopClient): Promise<Shopper> {
  return client.operator(await secretOf(shop))
}

const secretOf = async (shop: Shop) => (await readFile(shop.operatorSecretFile, 'utf8')).trim()
