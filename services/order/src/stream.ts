import type { EventStream } from '@lepton/common/http/event-stream'
import { Unavailable } from '@lepton/common/runtime/problem'
import type { Deps } from './deps.ts'
import { isSettled } from './domain.ts'
import type { Order } from './order.ts'
import { findOrder } from './store.ts'

/** How long (ms) a lost wake-up may go unnoticed, and what is waited while the database is away. */
const LOOK_MS = 5_000
const AWAY_MS = 1_000

/**
 * Sends an order and each of its later versions, from the database, until it is settled: whether Kafka runs or not.
 *
 * @param seen the version that the client has already
 */
export async function streamOrder(
  { database, watchers, log }: Pick<Deps, 'database' | 'watchers' | 'log'>,
  { order_id, submitted }: { order_id: string; submitted: object | undefined },
  seen: number,
  out: EventStream,
): Promise<void> {
  const watch = watchers.watch(order_id, out.signal)
  let sent = seen
  if (submitted !== undefined) out.send('order', submitted, '0')

  /** @returns the order, or how long to wait before it is asked for again */
  async function look(): Promise<Order | number> {
    try {
      return (await findOrder(database, order_id)) ?? LOOK_MS
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error
      log.debug({ err: error, order_id }, 'a stream waits for the database')
      return AWAY_MS
    }
  }

  try {
    while (!out.signal.aborted) {
      const found = await look()
      if (typeof found !== 'number') {
        if (found.version !== sent) out.send('order', found, String(found.version))
        sent = found.version
        if (isSettled(found)) return
      }
      await watch.next(typeof found === 'number' ? found : LOOK_MS)
    }
  } finally {
    watch.close()
  }
}
