import type { ShopError } from '@lepton/client'
import { useMutation } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useNavigate } from 'react-router'
import { shop } from '../api.ts'
import { type Attempt, attemptFor, forgetAttempt, savedAttempt } from './attempt.ts'
import { useForgetCart } from './queries.ts'

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
      forgetAttempt(sessionStorage)
      await forgetCart()
      await navigate(`/shop/orders/${order_id}`, { replace: true })
    },
    onError: async ({ slug }) => {
      // Whatever else it was, the shop may have taken the order: the same key finds out.
      if (slug !== 'no-answer' && slug !== 'deadline-exceeded') forgetAttempt(sessionStorage)
      await forgetCart()
    },
  })
  useEffect(() => {
    const saved = savedAttempt(sessionStorage)
    if (saved !== undefined) mutate(saved)
  }, [mutate])
  return {
    place: (body: Attempt['body']) => {
      if (!isPending) mutate(attemptFor(body, sessionStorage, () => crypto.randomUUID()))
    },
    isPlacing: isPending,
    isAccepted: isSuccess,
    error,
  }
}
