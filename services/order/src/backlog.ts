import type { Database } from '@lepton/common/postgres'

export interface Backlog {
  /** Whether as many orders wait for inventory as may; counted at most `COUNT_EVERY_MS` ago. */
  isFull(): boolean
  /** An order was taken since the last count. */
  took(): void
  /** Inventory answered something. */
  moved(): void
}

const COUNT_EVERY_MS = 100
/** A count that is older says nothing: no order asked for it meanwhile, so few came. */
const STALE_MS = 1_000
/** When inventory has not answered for so long, what waits does so for an outage and not for want of capacity. */
const OUTAGE_MS = 2_000

/**
 * Knows whether orders come faster than they are carried out. Then new ones are refused, or they would wait until
 * their deadline; and while nothing moves at all they are taken, since accepted work is finished when an outage ends.
 */
export function createBacklog(
  count: () => Promise<number>,
  maxWaiting: number,
  now: () => number = () => performance.now(),
): Backlog {
  let waiting = 0
  let taken = 0
  let countedAtMs = Number.NEGATIVE_INFINITY
  let movedAtMs = Number.NEGATIVE_INFINITY
  let isCounting = false

  function recount(): void {
    isCounting = true
    const before = taken
    count()
      .then(
        (counted) => {
          waiting = counted
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

  return {
    isFull() {
      const nowMs = now()
      if (!isCounting && nowMs - countedAtMs > COUNT_EVERY_MS) recount()
      const isKnown = nowMs - countedAtMs < STALE_MS
      return isKnown && waiting + taken >= maxWaiting && nowMs - movedAtMs < OUTAGE_MS
    },
    took: () => void (taken += 1),
    moved: () => void (movedAtMs = now()),
  }
}

/**
 * Orders that wait for inventory to hold or to commit their units, and not for longer than a backlog makes them: those
 * wait for an instance that is gone or stuck, which is no reason to refuse the orders of all others.
 */
export async function countWaiting(database: Database): Promise<number> {
  const { rows } = await database.query<{ waiting: number }>(
    `select count(*)::int as waiting from order_stream
     where ((decision = 'OPEN' and stock = 'pending') or (decision = 'CONFIRMED' and stock = 'held'))
       and updated_at > now() - interval '5 seconds'`,
  )
  return rows[0]!.waiting
}
