import { parseArgs } from 'node:util'
import { findCounterExample } from './search.ts'

const USAGE = `usage: pnpm simulate [--seed N] [--schedules N]

Runs schedules of the order, inventory and payment deciders. Prints the first that fails, as JSON, and ends with 1.
`
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    schedules: { type: 'string', default: '120000' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) process.stdout.write(USAGE)
else {
  const found = findCounterExample(Number(values.seed), Number(values.schedules))
  process.stdout.write(found === undefined ? 'no schedule fails\n' : `${JSON.stringify(found)}\n`)
  process.exitCode = found === undefined ? 0 : 1
}
