import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, jest } from '@jest/globals'
import { withoutPattern } from '@lepton/testing/mutants/environment'
import { givenBytes } from './bytes.ts'
import { runSchedule } from './run.ts'
import { type CounterExample, findCounterExample } from './search.ts'

// The deciders of the order, inventory and payment services and the coordinator of two phases, without their I/O.
// A schedule is a row of bytes: which orders there are, what their customers do, which of all that may happen next
// happens, what is lost, late or comes twice. One that fails is shrunk and printed as a test.

const SCHEDULES = 120_000
const SEED = 1
const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

jest.setTimeout(300_000)

function asTest({ bytes, error }: CounterExample): string {
  return [
    `Seed ${SEED}: ${error}`,
    `it('keeps its word', () => runSchedule(givenBytes([${bytes.join(', ')}])))`,
  ].join('\n')
}

describe('the services together, in any order of events', () => {
  it(`end every order all or nothing, and sell no unit and take no money twice: ${SCHEDULES} schedules of seed ${SEED}`, () => {
    const found = findCounterExample(SEED, SCHEDULES)

    if (found !== undefined) throw new Error(asTest(found))
  })

  it.each(['barrier', 'tombstone'] as const)('fail without the %s: the simulation finds out', (pattern) => {
    const { importOption, LEPTON_MUTANT } = withoutPattern(pattern)
    const { status, stdout } = spawnSync(process.execPath, [importOption, MAIN, '--seed', String(SEED)], {
      env: { ...process.env, NODE_OPTIONS: '', LEPTON_MUTANT },
      encoding: 'utf8',
    })

    expect([status, stdout]).toEqual([1, expect.stringContaining('"bytes":')])
    const { bytes } = JSON.parse(stdout) as CounterExample
    expect(() => runSchedule(givenBytes(bytes))).not.toThrow()
  })
})
