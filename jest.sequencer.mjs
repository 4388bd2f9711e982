import TestSequencer from '@jest/test-sequencer'

/** The longest first, so that everything else runs beside it and not after it. */
const FIRST = ['e2e/journeys/shop.test.ts', 'e2e/chaos/minute.chaos.ts', 'e2e/tutorial/tutorial.test.ts']

export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const place = ({ path }) => {
      const index = FIRST.findIndex((name) => path.endsWith(name))
      return index === -1 ? FIRST.length : index
    }
    return super.sort(tests).toSorted((a, b) => place(a) - place(b))
  }
}
