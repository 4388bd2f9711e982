import { describe, expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import { givenBytes, randomBytes } from './simulation/bytes.ts'
import { ALL_PATTERNS, runSchedule } from './simulation/run.ts'
import type { Patterns } from './simulation/saga.ts'

// The deciders of the order, inventory and payment services and the coordinator of two phases, without their I/O.
// A schedule is a row of bytes: which orders there are, what their customers do, which of all that may happen next
// happens, what is lost, late or comes twice. One that fails is shrunk and printed as a test.

const SCHEDULES = 120_000
const MAX_BYTES = 160
const SEED = 1

jest.setTimeout(300_000)

/** The first schedule that fails, as few bytes as it needs; undefined where all are well. */
function counterExample(seed: number, schedules: number, patterns: Patterns = ALL_PATTERNS) {
  for (let run = 0; run < schedules; run++) {
    const bytes = randomBytes(seed, run, MAX_BYTES)
    try {
      runSchedule(bytes, patterns)
    } catch {
      return shrink(bytes.taken(), patterns)
    }
  }
  return undefined
}

function shrink(found: readonly number[], patterns: Patterns) {
  const anyBytes = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: MAX_BYTES })
  const property = fc.property(anyBytes, (bytes) => runSchedule(givenBytes(bytes), patterns))
  const { counterexample, errorInstance } = fc.check(property, { examples: [[[...found]]], numRuns: 1 })
  return { bytes: counterexample?.[0] ?? found, error: String(errorInstance) }
}

function asTest({ bytes, error }: { bytes: readonly number[]; error: string }, seed: number): string {
  return [
    `Seed ${seed}: ${error}`,
    `it('keeps its word', () => runSchedule(givenBytes([${bytes.join(', ')}])))`,
  ].join('\n')
}

describe('the services together, in any order of events', () => {
  it(`end every order all or nothing, and sell no unit and take no money twice: ${SCHEDULES} schedules of seed ${SEED}`, () => {
    const found = counterExample(SEED, SCHEDULES)

    if (found !== undefined) throw new Error(asTest(found, SEED))
  })

  it.each(['barrier', 'tombstone'] as const)('do not without the %s: the simulation finds out', (pattern) => {
    const found = counterExample(SEED, SCHEDULES, { ...ALL_PATTERNS, [pattern]: false })

    expect(found).toBeDefined()
    expect(() => runSchedule(givenBytes(found!.bytes), { ...ALL_PATTERNS, [pattern]: false })).toThrow()
    expect(() => runSchedule(givenBytes(found!.bytes))).not.toThrow()
  })
})
