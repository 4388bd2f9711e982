import { setTimeout as delay } from 'node:timers/promises'
import type { Shop } from '@lepton/local/shop-types'
import { startBenchShop } from './bench-shop.ts'
import { cpuSeconds, processesOf, pssMib, sum } from './processes.ts'
import { add, note } from './table.ts'

/** Compilers, caches and groups have their last work after a start, and ops knows after a minute that nothing happens. */
const SETTLE_S = 90
const IDLE_S = 20

/** A fresh shop, the same again, and what it takes while it is idle. */
export async function measureStarts(stateDir: string): Promise<void> {
  await (await startTimed(stateDir, 'first start (fresh state, caches as they are)')).stop()
  const shop = await startTimed(stateDir, 'second start')
  try {
    await measureIdle(shop)
  } finally {
    await shop.stop()
  }
}

async function startTimed(stateDir: string, what: string): Promise<Shop> {
  const startedAt = performance.now()
  const shop = await startBenchShop(stateDir)
  note(`${what}, until a probe order is COMPLETED`, (performance.now() - startedAt) / 1000, 's', 1)
  return shop
}

async function measureIdle(shop: Shop): Promise<void> {
  const groups = [...processesOf(shop), { name: 'launcher', pids: [process.pid] }]
  await delay(SETTLE_S * 1000)
  const before = groups.map(({ pids }) => sum(pids, cpuSeconds))
  await delay(IDLE_S * 1000)
  let totalMib = 0
  let totalCpu = 0
  groups.forEach(({ name, pids }, index) => {
    const mib = sum(pids, pssMib)
    const cpu = ((sum(pids, cpuSeconds) - before[index]!) / IDLE_S) * 100
    totalMib += mib
    totalCpu += cpu
    add(`  ${name}`, `${mib.toFixed(0)} MiB PSS, ${cpu.toFixed(1)} % of a core`)
  })
  note('whole shop idle, memory (PSS)', totalMib, 'MiB')
  note('whole shop idle, CPU', totalCpu, '% of one core', 1)
}
