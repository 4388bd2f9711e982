import type { Order, Status } from '@lepton/contracts/order'
import { FINAL_STATUSES } from '@lepton/contracts/statuses'
import { readEvents } from './event-stream.ts'
import type { Ask } from './request.ts'
import { isPassing, pause } from './retry.ts'
import type { Credentials } from './session.ts'
import { errorOf, ShopError } from './shop-error.ts'

/** Whether the order has come to an end that it does not leave by itself. */
export const isFinal = (status: Status): boolean => FINAL_STATUSES.includes(status)

export interface FollowOptions {
  signal?: AbortSignal
  /** How long to wait between two looks while there is no stream, in ms. */
  pollMs?: number
}

export interface Followed {
  order: Order
  /**
   * `stream`: sent by the shop as it happened; `poll`: asked for every `pollMs`; `none`: the shop does not answer at the
   * moment, and this is the order as it was seen last.
   */
  via: 'stream' | 'poll' | 'none'
}

const POLL_MS = 2_000
/** How often (ms) a stream that broke is tried again while polling goes on. */
const STREAM_RETRY_MS = 10_000

export interface FollowDeps {
  base: string
  credentials: Credentials
  ask: Ask
}

/**
 * The order now and after each change, until it has ended. The shop's own stream, and where that breaks a look every
 * `pollMs`: what is yielded is never older than what was yielded before. Once the order was seen, a shop that does not
 * answer is waited for until `signal` aborts.
 *
 * @throws ShopError for an order that is not the caller's, and where the first look is not answered
 */
export async function* followOrder(
  deps: FollowDeps,
  order_id: string,
  { signal, pollMs = POLL_MS }: FollowOptions = {},
): AsyncGenerator<Followed, void> {
  let seen: Order | undefined
  let isAway = false
  let streamAt = 0
  for (;;) {
    if (Date.now() >= streamAt) {
      try {
        for await (const order of ordersOf(deps, order_id, signal)) {
          if (isNew(order)) yield { order, via: 'stream' }
          if (isFinal(order.status)) return
        }
        // Ended by the shop, which is being replaced: another instance has the next stream.
        streamAt = Date.now() + pollMs
      } catch (error) {
        signal?.throwIfAborted()
        const hasStream = !(error instanceof ShopError && error.status === 404)
        streamAt = hasStream ? Date.now() + STREAM_RETRY_MS : Number.POSITIVE_INFINITY
      }
    }
    const order = await look()
    if (order === undefined) {
      if (!isAway) yield { order: seen!, via: 'none' }
      isAway = true
      // What answers again has a stream, too.
      streamAt = 0
    } else {
      if (isNew(order)) yield { order, via: 'poll' }
      if (isFinal(order.status)) return
    }
    await pause(pollMs, signal)
  }

  async function look(): Promise<Order | undefined> {
    try {
      return await deps.ask('GET', '/orders/:order_id', { params: { order_id }, ...(signal && { signal }) })
    } catch (error) {
      if (seen === undefined || !isPassing(error)) throw error
      return undefined
    }
  }

  function isNew(order: Order): boolean {
    if (!isAway && JSON.stringify(order) === JSON.stringify(seen)) return false
    isAway = false
    seen = order
    return true
  }
}

async function* ordersOf(
  { base, credentials }: FollowDeps,
  orderId: string,
  signal?: AbortSignal,
): AsyncGenerator<Order> {
  const { headers, ...own } = await credentials.next('/orders')
  const answer = await fetch(`${base}/orders/${encodeURIComponent(orderId)}/stream`, {
    ...own,
    headers: { ...(headers as Record<string, string> | undefined), accept: 'text/event-stream' },
    ...(signal && { signal }),
  })
  if (!answer.ok) throw await errorOf(answer)
  if (answer.body === null) return
  for await (const { event, data } of readEvents(answer.body)) {
    if (event === 'bye') return
    if (event === 'order') yield JSON.parse(data) as Order
  }
}
