import { describe, expect, it } from '@jest/globals'
import { type Blame, blameFor, mayTryAnother } from './blame.ts'

const CASES: [
  status: number,
  fault: string | undefined,
  isFair: boolean,
  blame: Blame,
  mayRepeat: boolean,
][] = [
  [200, undefined, true, 'none', false],
  [404, undefined, true, 'none', false],
  [429, undefined, true, 'none', false],
  [500, undefined, true, 'request', true],
  [501, undefined, true, 'request', false],
  [502, undefined, true, 'instance', true],
  [503, undefined, true, 'instance', true],
  [504, undefined, true, 'instance', true],
  [503, undefined, false, 'request', true],
  [503, 'inventory', true, 'operation', true],
  [503, 'overload', true, 'request', false],
  [504, 'deadline', true, 'request', false],
  [505, undefined, true, 'request', false],
]

describe('the blame for an answer', () => {
  it.each(CASES)(
    'of %i with fault %s, time fair: %s, is on the %s',
    (status, fault, isFair, blame, again) => {
      const answer = { status, headers: fault === undefined ? {} : { 'lepton-fault': fault } }

      expect(blameFor(answer, isFair)).toBe(blame)
      expect(mayTryAnother(answer)).toBe(again)
    },
  )
})
