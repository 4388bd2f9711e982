import { createConsulClient } from '../src/mesh/consul.ts'
import { createLog } from '../src/runtime/log.ts'
import { createMeshClient } from '@lepton/common/mesh/client'
import { createDiscovery } from '@lepton/common/mesh/discovery'
import { createMetrics } from '../src/runtime/metrics.ts'

const log = createLog({ service: 'example', instance: 'example-1', level: 'warn' })
const metrics = createMetrics()
const consul = createConsulClient({ address: process.argv[2] ?? 'http://127.0.0.1:8500' })
const discovery = createDiscovery({ consul, stateDir: process.argv[3] ?? '.', log, metrics })
const mesh = createMeshClient({ discovery, log, metrics })
// Whichever instance is best: kill one with `pnpm shop kill inventory-1` and run this again.
const { status, body } = await mesh.request({
  service: 'inventory',
  operation: 'list_products',
  method: 'GET',
  path: '/products?limit=3',
})
process.stdout.write(`${status} ${body.toString()}\n`)
await Promise.all([mesh.close(), discovery.close(), consul.close()])
