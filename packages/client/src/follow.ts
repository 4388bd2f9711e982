import type { Order, Status } from '@lepton/contracts/order'
import { FINAL_STATUSES } from '@lepton/contracts/statuses'
import { readEvents } from './event-stream.ts'
import type { Ask } from './request.ts'
import { pause } from './retry.ts'
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
  /** `stream`: sent by the shop as it happened; `poll`: asked for every `pollMs`. */
  via: 'stream' | 'poll'
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
 * `pollMs`: what is yielded is never older than what was yielded before.
 *
 * @throws ShopError for an order that is not the caller's
 */
export async function* followOrder(
  deps: FollowDeps,
  order_id: string,
  { signal, pollMs = POLL_MS }: FollowOptions = {},
): AsyncGenerator<Followed, void> {
  let last: string | undefined
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
    const order = await deps.ask('GET', '/orders/:order_id', {
      params: { order_id },
      ...(signal && { signal }),
    })
    if (isNew(order)) yield { order, via: 'poll' }
    if (isFinal(order.status)) return
    await pause(pollMs, signal)
  }

  function isNew(order: Order): boolean {
    const version = JSON.stringify(order)
    if (version === last) return false
    last = version
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
