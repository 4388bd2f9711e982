import fc from 'fast-check'
import { givenBytes, randomBytes } from './bytes.ts'
import { runSchedule } from './run.ts'

const MAX_BYTES = 160

export interface CounterExample {
  bytes: readonly number[]
  error: string
}

/** The first schedule of a seed that fails, shrunk to as few bytes as it needs; undefined where all are well. */
export function findCounterExample(seed: number, schedules: number): CounterExample | undefined {
  for (let run = 0; run < schedules; run++) {
    const bytes = randomBytes(seed, run, MAX_BYTES)
    try {
      runSchedule(bytes)
    } catch {
      return shrink(bytes.taken())
    }
  }
  return undefined
}

function shrink(found: readonly number[]): CounterExample {
  const anyBytes = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: MAX_BYTES })
  const property = fc.property(anyBytes, (bytes) => runSchedule(givenBytes(bytes)))
  const { counterexample, errorInstance } = fc.check(property, { examples: [[[...found]]], numRuns: 1 })
  return { bytes: counterexample?.[0] ?? found, error: String(errorInstance) }
}
