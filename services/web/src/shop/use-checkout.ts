import { freshKey, type ShopError } from '@lepton/client'
import { useMutation } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useNavigate } from 'react-router'
import { shop } from '../api.ts'
import { type Attempt, attemptFor, forgetAttempt, isFresh, savedAttempt } from './attempt.ts'
import { useForgetCart } from './queries.ts'

/** Refusals that say nothing of the order: it may have been taken, or may be taken yet, under the same key. */
const UNDECIDED = new Set(['request-in-progress', 'too-many-requests', 'unauthenticated'])
const isDecided = ({ slug, status }: ShopError) => status >= 400 && status < 500 && !UNDECIDED.has(slug)

/** How often, and after how many ms, the answer to an attempt that the shop is still at work on is asked for again. */
const MAX_ASKS = 20
const ASK_AGAIN_MS = 500

/**
 * Orders what the cart holds. The attempt is saved before it is sent, and sent again under its key when the page was loaded
 * again before the answer came.
 */
export function useCheckout() {
  const navigate = useNavigate()
  const forgetCart = useForgetCart()
  const { mutate, isPending, isSuccess, error } = useMutation<{ order_id: string }, ShopError, Attempt>({
    mutationFn: ({ key, body }) => shop.ask('POST', '/cart/checkout', { body, idempotencyKey: key }),
    onSuccess: async ({ order_id }) => {
      // Forgotten last: a page that is loaded again in between still has it.
      await navigate(`/shop/orders/${order_id}`, { replace: true })
      forgetAttempt(sessionStorage)
      await forgetCart()
    },
    onError: async (error) => {
      if (isDecided(error)) forgetAttempt(sessionStorage)
      await forgetCart()
    },
    retry: (asks, { slug }) => slug === 'request-in-progress' && asks < MAX_ASKS,
    retryDelay: ASK_AGAIN_MS,
  })
  useEffect(() => {
    const saved = savedAttempt(sessionStorage)
    if (saved !== undefined && isFresh(saved)) mutate(saved)
  }, [mutate])
  return {
    place: (body: Attempt['body']) => {
      if (!isPending) mutate(attemptFor(body, sessionStorage, freshKey))
    },
    isPlacing: isPending,
    isAccepted: isSuccess,
    error,
  }
}
