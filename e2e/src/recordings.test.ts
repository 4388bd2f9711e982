import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'
import { PATTERNS } from '@lepton/contracts/patterns'
import { Recording, RECORDING_LIMITS } from '@lepton/contracts/recordings'
import { ROOT } from '@lepton/local/root'
import { MUTANT_EDITS } from '@lepton/testing/mutants/edits'
import { MUTANTS } from '../chaos/mutants/mutants.ts'

const FOLDER = join(ROOT, 'services/web/src/lab/recordings')
const read = (pattern: string) => readFileSync(join(FOLDER, `${pattern}.json`), 'utf8')

describe('the recordings of the lab', () => {
  it('are there for every pattern, and for nothing else', () => {
    expect(readdirSync(FOLDER).sort()).toEqual(PATTERNS.map((pattern) => `${pattern}.json`).sort())
  })

  it.each(PATTERNS)(
    'show that %s is needed: what was foretold broke without it, and nothing with it',
    (pattern) => {
      const recording = Recording.parse(JSON.parse(read(pattern)))
      const { foretold, edits, without, with: intact } = recording

      expect(recording.pattern).toBe(pattern)
      expect(foretold).toEqual(MUTANTS[pattern].caughtBy)
      // Otherwise the page shows lines that are not there any more: it is recorded again (docs/patterns.md).
      expect(edits).toEqual(MUTANT_EDITS[pattern])
      expect(without.broken.some(({ id }) => foretold.includes(id))).toBe(true)
      expect(intact.broken).toEqual([])
      for (const { counts, moves } of [intact, without]) {
        expect(counts.at(-1)![1]).toBeGreaterThan(0)
        expect(moves.length).toBeGreaterThan(0)
      }
    },
  )

  it.each(PATTERNS)('of %s is small', (pattern) => {
    expect(read(pattern).length).toBeLessThan(RECORDING_LIMITS.bytes)
    expect(gzipSync(read(pattern)).length).toBeLessThan(RECORDING_LIMITS.bytes / 4)
  })
})
