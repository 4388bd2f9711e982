import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient, Shopper } from '@lepton/testing/shop-client'
import { operatorOf, withShop } from './bench-shop.ts'
import { measureLatency } from './orders.ts'
import { percentile } from './percentiles.ts'
import { cpuSeconds, processesOf, sum } from './processes.ts'
import { add } from './table.ts'

const STEPS = [0, 20, 100]
const ORDERS = 200
const QUESTIONS = 50
const IDLE_MS = 10_000

/** What a shop pays for services that are registered beside its own: an order, an operator's question, and doing nothing. */
export async function measureServices(stateDir: string): Promise<void> {
  // All of them answer at one place: it is their names that Consul and its watchers have to carry.
  const foreign = createServer((_req, res) => void res.end('here')).listen(0, '127.0.0.1')
  await once(foreign, 'listening')
  const { port } = foreign.address() as AddressInfo
  try {
    await withShop(stateDir, async (shop, client) => {
      const operator = await operatorOf(shop, client)
      await measureLatency(client, ORDERS)
      let registered = 0
      for (const count of STEPS) {
        for (; registered < count; registered++) await register(operator, `foreign-${registered}`, port)
        await measureWith(count, shop, client, operator)
      }
    })
  } finally {
    foreign.closeAllConnections()
    foreign.close()
  }
}

async function measureWith(count: number, shop: Shop, client: ShopClient, operator: Shopper): Promise<void> {
  const { acceptP50Ms, acceptP99Ms } = await measureLatency(client, ORDERS)
  const asked: number[] = []
  for (let index = 0; index < QUESTIONS; index++) {
    const startedAt = performance.now()
    const { status } = await operator.ask(
      'GET',
      `/api/v1/service?service_name=foreign-${index % Math.max(1, count)}&path=/`,
    )
    if (status !== 200 && count > 0) throw new Error(`a foreign service: ${status}`)
    asked.push(performance.now() - startedAt)
  }
  const pids = processesOf(shop)
  const cpu = (name: string) =>
    sum(
      pids.filter((one) => one.name === name).flatMap((one) => one.pids),
      cpuSeconds,
    )
  const before = [cpu('consul'), cpu('ops-1')]
  await delay(IDLE_MS)
  const used = ['consul', 'ops-1'].map(
    (name, index) => (((cpu(name) - before[index]!) * 1_000) / IDLE_MS) * 100,
  )
  add(
    `${count} foreign services`,
    `order accepted p50 ${acceptP50Ms.toFixed(1)} ms, p99 ${acceptP99Ms.toFixed(1)} ms; ` +
      (count === 0 ? '' : `one of them asked p50 ${percentile(asked, 0.5).toFixed(1)} ms; `) +
      `idle: Consul ${used[0]!.toFixed(1)} %, ops ${used[1]!.toFixed(1)} % of a core`,
  )
}

async function register(operator: Shopper, service_name: string, service_port: number): Promise<void> {
  const body = { service_name, service_address: '127.0.0.1', service_port }
  const { status } = await operator.ask('POST', '/api/v1/register', { body })
  if (status !== 200) throw new Error(`${service_name} was not registered: ${status}`)
}
