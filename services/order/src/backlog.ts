import type { Database } from '@lepton/common/postgres'

export interface Backlog {
  /** Whether orders come faster than they are carried out, as far as was counted `COUNT_EVERY_MS` ago. */
  isFull(): boolean
  /** An order was taken since the last count. */
  took(): void
  /** Inventory answered about an order, which had waited for it so long (ms). */
  answered(waitMs: number): void
}

const COUNT_EVERY_MS = 100
/** Older figures say nothing: no order asked for a count meanwhile, or inventory answers none. */
const STALE_MS = 1_000
/** So many times as many as may be in progress are too many, also where inventory is not what they wait for. */
const FAR_TOO_MANY = 4
/** Inventory's answers that a wait is the median of. */
const ANSWERS = 50

/**
 * Knows whether orders come faster than they are carried out. Then new ones are refused, or all would wait until
 * their deadline.
 *
 * Two things must come together. Many orders are in progress, which alone may be slow cards or an instance that is
 * stuck. And what inventory answers right now has waited long: in an outage nothing is answered, and beside a stuck
 * instance the others answer in time, so both times orders are taken and carried out when it is over.
 */
export function createBacklog(
  count: () => Promise<number>,
  { maxInProgress, slowMs }: { maxInProgress: number; slowMs: number },
  now: () => number = () => performance.now(),
): Backlog {
  let inProgress = 0
  let taken = 0
  let countedAtMs = Number.NEGATIVE_INFINITY
  let answeredAtMs = Number.NEGATIVE_INFINITY
  let isCounting = false
  const waits: number[] = []

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

  function isSlow(): boolean {
    const sorted = waits.toSorted((a, b) => a - b)
    return (sorted[Math.floor(sorted.length / 2)] ?? 0) >= slowMs
  }

  return {
    isFull() {
      const nowMs = now()
      if (!isCounting && nowMs - countedAtMs > COUNT_EVERY_MS) recount()
      const isKnown = nowMs - countedAtMs < STALE_MS && nowMs - answeredAtMs < STALE_MS
      const orders = inProgress + taken
      return isKnown && orders >= maxInProgress && (isSlow() || orders >= FAR_TOO_MANY * maxInProgress)
    },
    took: () => void (taken += 1),
    answered: (waitMs) => {
      answeredAtMs = now()
      waits.push(waitMs)
      if (waits.length > ANSWERS) waits.shift()
    },
  }
}

/** Orders that are not settled and wait for no customer. */
export async function countInProgress(database: Database): Promise<number> {
  const { rows } = await database.query<{ orders: number }>(
    `select count(*)::int as orders from order_stream
     where status not in ('COMPLETED', 'CANCELLED', 'REJECTED', 'REFUNDED') and not waits_for_customer`,
  )
  return rows[0]!.orders
}
