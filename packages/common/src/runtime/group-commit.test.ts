import { describe, expect, it } from '@jest/globals'
import { remainingMs, withDeadline } from './deadline.ts'
import { createGroupCommit } from './group-commit.ts'

/** Work that ends when the test says so, and what it was given, run by run. */
function controlled(maxItems: number, maxRuns?: number) {
  const runs: { items: readonly number[]; end: () => void; fail: (error: Error) => void }[] = []
  const bring = createGroupCommit<number>(
    (items) => new Promise((resolve, reject) => runs.push({ items, end: resolve, fail: reject })),
    maxItems,
    maxRuns,
  )
  return { runs, bring, given: () => runs.map(({ items }) => items) }
}

const turn = () => new Promise(setImmediate)

describe('a group commit', () => {
  it('runs at once for the first, and together for all that come while it runs', async () => {
    const { runs, bring, given } = controlled(10)
    const first = bring([1])
    const others = [bring([2]), bring([3, 4])]
    expect(given()).toEqual([[1]])

    runs[0]!.end()
    await first
    await turn()
    expect(given()).toEqual([[1], [2, 3, 4]])

    runs[1]!.end()
    await Promise.all(others)
  })

  it('leaves to the next run what does not fit, in the order it came', async () => {
    const { runs, bring, given } = controlled(3)
    const all = [bring([1]), bring([2, 3]), bring([4, 5]), bring([6])]
    for (let run = 0; run < 3; run++) {
      runs[run]!.end()
      await turn()
    }

    await Promise.all(all)
    expect(given()).toEqual([[1], [2, 3], [4, 5, 6]])
  })

  it('runs alone for one who brings more than fits', async () => {
    const { runs, bring, given } = controlled(2)
    const all = [bring([1]), bring([2, 3, 4]), bring([5])]
    for (let run = 0; run < 3; run++) {
      runs[run]!.end()
      await turn()
    }

    await Promise.all(all)
    expect(given()).toEqual([[1], [2, 3, 4], [5]])
  })

  it('fails for all who were in a run, and goes on for those who were not', async () => {
    const { runs, bring } = controlled(10)
    const first = bring([1])
    const together = Promise.allSettled([bring([2]), bring([3])])
    runs[0]!.end()
    await first
    await turn()
    const later = bring([4])

    runs[1]!.fail(new Error('the database is away'))

    expect((await together).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await turn()
    runs[2]!.end()
    await expect(later).resolves.toBeUndefined()
  })

  it('begins another run beside the first only when it is full, and no more than it may', async () => {
    const { runs, bring, given } = controlled(2, 2)
    const all = [bring([1]), bring([2])]
    expect(given()).toEqual([[1]])

    all.push(bring([3]))
    expect(given()).toEqual([[1], [2, 3]])

    all.push(bring([4]), bring([5]), bring([6]))
    expect(given()).toHaveLength(2)

    runs[0]!.end()
    await turn()
    expect(given()).toEqual([[1], [2, 3], [4, 5]])
    runs[1]!.end()
    await turn()
    expect(given()).toHaveLength(3)

    runs[2]!.end()
    await turn()
    expect(given().at(-1)).toEqual([6])
    runs[3]!.end()
    await Promise.all(all)
  })

  it('has the deadline of none of its callers: what one has no time for, another still waits for', async () => {
    const left: (number | undefined)[] = []
    const bring = createGroupCommit<number>(async () => {
      left.push(remainingMs())
      await turn()
    }, 10)

    await Promise.all([withDeadline(1, () => bring([1])), withDeadline(5_000, () => bring([2]))])

    expect(left).toEqual([undefined, undefined])
  })
})
