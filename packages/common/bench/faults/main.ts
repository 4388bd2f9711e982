import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { startConsul } from '@lepton/testing/consul'
import { installPeers } from '../mesh/install.ts'
import { type FaultPeerName, PEERS } from './peers.ts'
import { picture } from './picture.ts'
import { type Result, runScenario } from './run.ts'
import { SCENARIOS } from './scenarios.ts'
import { row, TITLES } from './table.ts'

const HELP = `Usage: node packages/common/bench/faults/main.ts [--only NAME,NAME] [--out docs/pictures]

Three instances and a caller, each a process, found through a Consul of its own; one fault after the other, for the mesh
and for others. Prints a table, and draws failures, the first instance's share and p99 over time.

Faults: ${SCENARIOS.map(({ name }) => name).join(', ')}
`
const REPOSITORY = resolve(import.meta.dirname, '../../../..')

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    out: { type: 'string', default: join(REPOSITORY, 'docs/pictures') },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(HELP)
  process.exit()
}

const wanted = values.only?.split(',')
installPeers()
await mkdir(values.out, { recursive: true })
const consul = await startConsul()
process.stdout.write(TITLES)
try {
  for (const scenario of SCENARIOS) {
    if (wanted?.includes(scenario.name) === false) continue
    const results = new Map<FaultPeerName, Result>()
    for (const peer of Object.keys(PEERS) as FaultPeerName[]) {
      if (scenario.needsConsul === true && peer !== 'Lepton') continue
      const result = await runScenario(scenario, peer, consul)
      results.set(peer, result)
      process.stdout.write(row(scenario, peer, result))
    }
    await writeFile(join(values.out, `fault-${scenario.name}.svg`), picture(scenario, results))
  }
} finally {
  await consul.stop()
}
