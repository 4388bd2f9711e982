export interface Backlog {
  /** How many more orders can be taken; undefined while there is no need to count. Below zero where more were taken. */
  room(): number | undefined
  /** Whether an order is refused: a little later than `room` says, for those that were sent on its last word. */
  isFull(): boolean
  /** An order was taken since the last count. */
  took(): void
  /** A participant answered about an order, which had waited so long (ms) for the work of the shop itself. */
  answered(topic: string, waitMs: number): void
}

export interface BacklogSettings {
  /** Bounds of the orders that may be in progress while participants answer. */
  minInProgress: number
  maxInProgress: number
  /** A wait (ms) for the shop's own work, of one step of an order, that is too long. */
  slowMs: number
}

const COUNT_EVERY_MS = 100
const JUDGE_EVERY_MS = 400
/** Older figures say nothing: no order asked for a count since, or no participant answers. */
const STALE_MS = 1_000
const SHRINK = 0.8
/** The share of the limit that is taken before anyone needs to know what is left. */
const NEAR = 0.5
/** The share of the limit by which it may be exceeded by orders that were sent before it was reached. */
const SLACK = 0.25
/** Answers of a participant that its wait is the median of. */
const MAX_WAITS = 50

/**
 * Knows whether orders come faster than they are carried out. Then new ones are refused, or all would wait until
 * their deadline.
 *
 * The orders in progress are bounded by a limit that follows how long a step waits for the shop's own work, without
 * the time that the card processor took: while the median is above `slowMs` the limit shrinks, otherwise it grows by its
 * root. Additive increase and multiplicative decrease as in TCP (Jacobson, 1988). Many orders alone may be slow cards,
 * or wait for an instance that is stuck beside others that answer in time: up to `maxInProgress` they are taken. In an
 * outage nothing is answered, so orders are taken and carried out when it is over.
 */
export function createBacklog(
  count: () => Promise<number>,
  { minInProgress, maxInProgress, slowMs }: BacklogSettings,
  now: () => number = () => performance.now(),
): Backlog {
  let limit = maxInProgress
  let inProgress = 0
  let taken = 0
  let countedAtMs = Number.NEGATIVE_INFINITY
  let judgedAtMs = now()
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
          if (countedAtMs - judgedAtMs >= JUDGE_EVERY_MS) judge()
        },
        // The database is away: the order itself fails on that.
        () => undefined,
      )
      .finally(() => {
        isCounting = false
      })
  }

  function judge(): void {
    judgedAtMs = now()
    const isSlow = [...answers.values()].some(({ waits }) => median(waits) > slowMs)
    if (isSlow) limit = Math.max(minInProgress, Math.floor(Math.min(limit, inProgress) * SHRINK))
    else limit = Math.min(maxInProgress, limit + Math.ceil(Math.sqrt(limit)))
    for (const answer of answers.values()) answer.waits = []
  }

  function room(): number | undefined {
    const nowMs = now()
    if (!isCounting && nowMs - countedAtMs > COUNT_EVERY_MS) recount()
    if (nowMs - countedAtMs >= STALE_MS) return undefined
    const isAnyoneAnswering = [...answers.values()].some(({ atMs }) => nowMs - atMs < STALE_MS)
    const orders = inProgress + taken
    return isAnyoneAnswering && orders >= NEAR * limit ? limit - orders : undefined
  }

  return {
    room,
    isFull: () => (room() ?? 0) < -SLACK * limit,
    took: () => void (taken += 1),
    answered: (topic, waitMs) => {
      const { waits } = answers.get(topic) ?? { waits: [] }
      answers.set(topic, { waits: [...waits, waitMs].slice(-MAX_WAITS), atMs: now() })
    },
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
