import { createPace, type PaceSettings } from './pace.ts'

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

const COUNT_EVERY_MS = 100
/** Older figures say nothing: no order asked for a count since, or no participant answers. */
const STALE_MS = 1_000
/** The share of the limit that is taken before anyone needs to know what is left. */
const NEAR = 0.5
/** The share of the limit by which it may be exceeded by orders that were sent before it was reached. */
const SLACK = 0.25

/**
 * Knows whether orders come faster than they are carried out. Then new ones are refused, or all would wait until
 * their deadline.
 *
 * The orders in progress are bounded by a limit that follows how long a step waits for the shop's own work, without
 * the time that the card processor took. Many orders alone may be slow cards, or wait for an instance that is stuck
 * beside others that answer in time: up to the greatest limit they are taken. In an outage nothing is answered, so orders
 * are taken and carried out when it is over.
 */
export function createBacklog(
  count: () => Promise<number>,
  settings: PaceSettings,
  now: () => number = () => performance.now(),
): Backlog {
  const pace = createPace(settings, now)
  let inProgress = 0
  let taken = 0
  let countedAtMs = Number.NEGATIVE_INFINITY
  let isCounting = false

  function recount(): void {
    isCounting = true
    const before = taken
    count()
      .then(
        (counted) => {
          inProgress = counted
          taken -= before
          countedAtMs = now()
          pace.judge(inProgress)
        },
        // The database is away: the order itself fails on that.
        () => undefined,
      )
      .finally(() => {
        isCounting = false
      })
  }

  function room(): number | undefined {
    const nowMs = now()
    if (!isCounting && nowMs - countedAtMs > COUNT_EVERY_MS) recount()
    if (nowMs - countedAtMs >= STALE_MS) return undefined
    const orders = inProgress + taken
    const limit = pace.limit()
    return pace.isHeardWithin(STALE_MS) && orders >= NEAR * limit ? limit - orders : undefined
  }

  return {
    room,
    isFull: () => (room() ?? 0) < -SLACK * pace.limit(),
    took: () => void (taken += 1),
    answered: pace.heard,
  }
}
