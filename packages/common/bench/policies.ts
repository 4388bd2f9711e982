import { createEndpoint, type Endpoint } from '../src/mesh/endpoint.ts'
import { loadDefaults, observe } from '../src/mesh/load.ts'
import { POLICIES, POLICY_NAMES } from '../src/mesh/policies/by-name.ts'

// What one pick costs, by policy and number of endpoints: time, and bytes on the heap.
const ROUNDS = 7
const PICKS = 200_000
const SIZES = [3, 50, 1_000]

function endpoints(count: number): Endpoint[] {
  return Array.from({ length: count }, (_, index) => {
    const place = { address: '10.0.0.1', port: index, tags: [], meta: {}, isWarning: false, weight: 1 }
    const endpoint = createEndpoint({ id: `e${index}`, name: `e${index}`, ...place, tier: 'verified' }, 0, 30)
    observe(endpoint.load, { rttMs: 1 + (index % 7), isSuccess: true }, 0, loadDefaults)
    endpoint.pending = index % 3
    return endpoint
  })
}

function measure(name: (typeof POLICY_NAMES)[number], count: number): { ns: number; bytes: number } {
  const policy = POLICIES[name]({ random: Math.random, load: loadDefaults })
  const all = endpoints(count)
  const choice = { tried: [], nowMs: 1, inFlight: count, key: 'customer 17' }
  let ns = Number.POSITIVE_INFINITY
  let bytes = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const heap = process.memoryUsage().heapUsed
    const startedMs = performance.now()
    for (let pick = 0; pick < PICKS; pick++) policy(all, choice)
    ns = Math.min(ns, ((performance.now() - startedMs) * 1e6) / PICKS)
    bytes = Math.min(bytes, Math.max(0, process.memoryUsage().heapUsed - heap) / PICKS)
  }
  return { ns, bytes }
}

const header = ['policy', ...SIZES.flatMap((size) => [`ns at ${size}`, 'bytes'])]
const rows = POLICY_NAMES.map((name) => [
  name,
  ...SIZES.flatMap((size) => {
    const { ns, bytes } = measure(name, size)
    return [ns.toFixed(0), bytes.toFixed(0)]
  }),
])
for (const row of [header, ...rows]) {
  process.stdout.write(`${row.map((cell, index) => cell.padEnd(index === 0 ? 20 : 12)).join('')}\n`)
}
