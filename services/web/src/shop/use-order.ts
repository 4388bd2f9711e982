import { type Followed as Follow, isFinal, isPassing, type ShopError } from '@lepton/client'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { type Order, shop } from '../api.ts'

/** Before an order that could not be asked for is asked for again: its shop is away, and says so until then. */
const ASK_AGAIN_MS = 2_000

/** How the page hears of changes: as the client does, or not any more, since there are none. */
export type Via = Follow['via'] | 'ended'

interface Followed {
  order?: Order
  via?: Via
  error?: ShopError
}

/** An order as it is now, until it has ended; `follow` looks again after a change of one's own. */
export function useOrder(orderId: string) {
  const [followed, setFollowed] = useState<Followed & { of?: string }>({})
  const [round, setRound] = useState(0)
  const queries = useQueryClient()
  useEffect(() => {
    const leaving = new AbortController()
    let again: ReturnType<typeof setTimeout> | undefined
    async function follow() {
      try {
        for await (const { order, via } of shop.followOrder(orderId, { signal: leaving.signal })) {
          setFollowed({ of: orderId, order, via: isFinal(order.status) ? 'ended' : via })
          if (isFinal(order.status)) void queries.invalidateQueries({ queryKey: ['products'] })
        }
      } catch (error) {
        if (leaving.signal.aborted) return
        setFollowed((last) => ({ ...last, of: orderId, error: error as ShopError }))
        if (isPassing(error)) again = setTimeout(() => setRound((last) => last + 1), ASK_AGAIN_MS)
      }
    }
    void follow()
    return () => {
      clearTimeout(again)
      leaving.abort()
    }
  }, [orderId, round, queries])
  const current: Followed = followed.of === orderId ? followed : {}
  return { ...current, follow: () => setRound((last) => last + 1) }
}

/** What the order's stream holds, and what its payment did; both are read again after each change of the order. */
export function useOrderDetails(order: Order | undefined) {
  const orderId = order?.order_id ?? ''
  // The order service has nothing to show of an order that it has not seen yet.
  const enabled = order !== undefined && order.status !== 'SUBMITTED'
  const version = `${order?.status} ${order?.updated_at}`
  const history = useQuery({
    queryKey: ['history', orderId, version],
    queryFn: () => shop.ask('GET', '/orders/:order_id/events', { params: { order_id: orderId } }),
    enabled,
    placeholderData: (last) => last,
  })
  const payment = useQuery({
    queryKey: ['payment', orderId, version],
    queryFn: () => shop.ask('GET', '/payments/:order_id', { params: { order_id: orderId } }),
    enabled,
    placeholderData: (last) => last,
  })
  return { history: history.data?.items, payment: payment.data }
}
