export interface Backlog {
  /** Whether orders come faster than they are carried out, as far as was counted `COUNT_EVERY_MS` ago. */
  isFull(): boolean
  /** An order was taken since the last count. */
  took(): void
  /** A participant answered about an order, which had waited so long (ms) for the work of the shop itself. */
  answered(topic: string, waitMs: number): void
}

const COUNT_EVERY_MS = 100
/** Older figures say nothing: no order asked for a count since, or no participant answers. */
const STALE_MS = 1_000
/** So many times as many as may be in progress are too many, whatever they wait for. */
const FAR_TOO_MANY = 2
/** Answers of a participant that its wait is the median of. */
const ANSWERS = 50

/**
 * Knows whether orders come faster than they are carried out. Then new ones are refused, or all would wait until
 * their deadline.
 *
 * Two things must come together. Many orders are in progress, which alone may be slow cards or an instance that is
 * stuck. And what inventory or payment answer right now has waited long for our own work, without the time that the
 * card processor took: in an outage nothing is answered, and beside a stuck instance the others answer in time, so
 * both times orders are taken and carried out when it is over.
 */
export function createBacklog(
  count: () => Promise<number>,
  { maxInProgress, slowMs }: { maxInProgress: number; slowMs: number },
  now: () => number = () => performance.now(),
): Backlog {
  let inProgress = 0
  let taken = 0
  let countedAtMs = Number.NEGATIVE_INFINITY
  let isCounting = false
  const answers = new Map<string, { waits: number[]; atMs: number }>()

  function recount(): void {
    isCounting = true
    const before = taken
    count()
      .then(
        (counted) => {
          inProgress = counted
          taken -= before
          countedAtMs = now()
        },
        // The database is away: the order itself fails on that.
        () => undefined,
      )
      .finally(() => {
        isCounting = false
      })
  }

  function isSlow({ waits }: { waits: readonly number[] }): boolean {
    const sorted = waits.toSorted((a, b) => a - b)
    return (sorted[Math.floor(sorted.length / 2)] ?? 0) >= slowMs
  }

  return {
    isFull() {
      const nowMs = now()
      if (!isCounting && nowMs - countedAtMs > COUNT_EVERY_MS) recount()
      const orders = inProgress + taken
      if (nowMs - countedAtMs >= STALE_MS || orders < maxInProgress) return false
      const answering = [...answers.values()].filter(({ atMs }) => nowMs - atMs < STALE_MS)
      return answering.some(isSlow) || (answering.length > 0 && orders >= FAR_TOO_MANY * maxInProgress)
    },
    took: () => void (taken += 1),
    answered: (topic, waitMs) => {
      const { waits } = answers.get(topic) ?? { waits: [] }
      answers.set(topic, { waits: [...waits, waitMs].slice(-ANSWERS), atMs: now() })
    },
  }
}
