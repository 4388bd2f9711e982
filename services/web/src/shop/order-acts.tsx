import type { ShopError } from '@lepton/client'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { type Order, type Payment, shop } from '../api.ts'
import { money } from '../format.ts'
import { useMessages } from '../messages/messages.tsx'
import { Button } from '../parts/button.tsx'
import { Trouble } from '../parts/panel.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { useToast } from '../parts/toast.tsx'
import style from './order-page.module.css'
import { useForgetCart } from './queries.ts'

const CANCELLABLE: ReadonlySet<Order['status']> = new Set(['PLACED', 'RESERVED'])
const RESTORABLE: ReadonlySet<Order['status']> = new Set(['CANCELLED', 'REJECTED'])

/** Whether the order waits for its shopper, and for nothing else. */
export const waitsForCard = (order: Order, payment: Payment | undefined) =>
  CANCELLABLE.has(order.status) &&
  (payment?.state === 'NONE' || payment?.state === 'INTENT') &&
  order.mode === 'saga'

/** What the shopper may do with the order in the state that it is in. */
export function OrderActs({
  order,
  payment,
  onChanged,
}: {
  order: Order
  payment: Payment | undefined
  onChanged: () => void
}) {
  const { order: texts } = useMessages()
  const { order_id, status, lines, amount_minor, currency } = order
  const [asked, setAsked] = useState<'cancel' | 'refund'>()
  const restore = useRestore(order)
  const act = useMutation<unknown, ShopError, () => Promise<unknown>>({
    mutationFn: (run) => run(),
    onSuccess: onChanged,
    onSettled: () => setAsked(undefined),
  })
  const again = useBuyAgain(lines)
  const error = act.error ?? restore.error ?? again.error
  return (
    <div className={style['acts']}>
      {waitsForCard(order, payment) && (
        <Button
          disabled={act.isPending}
          onClick={() => act.mutate(() => shop.payOrder(order_id, 'tok_approved'))}
        >
          {texts.pay} · {money(amount_minor, currency)}
        </Button>
      )}
      {RESTORABLE.has(status) && (
        <Button disabled={restore.isPending} onClick={() => restore.mutate()}>
          {texts.restore}
        </Button>
      )}
      {(status === 'COMPLETED' || status === 'REFUNDED') && (
        <Button look="quiet" disabled={again.isPending} onClick={() => again.mutate()}>
          {texts.buyAgain}
        </Button>
      )}
      {CANCELLABLE.has(status) && (
        <Button look="danger" onClick={() => setAsked('cancel')}>
          {texts.cancel}
        </Button>
      )}
      {status === 'COMPLETED' && (
        <Button look="danger" onClick={() => setAsked('refund')}>
          {texts.refund}
        </Button>
      )}
      {error && <Trouble error={error} />}
      <Sheet
        shape="box"
        title={asked === 'refund' ? texts.refund : texts.cancel}
        isOpen={asked !== undefined}
        onClose={() => setAsked(undefined)}
      >
        <div className={style['box']}>
          <p>
            {asked === 'refund' ? texts.confirmRefund(money(amount_minor, currency)) : texts.confirmCancel}
          </p>
          <div className={style['row']}>
            <Button
              look="danger"
              disabled={act.isPending}
              onClick={() =>
                act.mutate(() =>
                  asked === 'refund' ? shop.refundOrder(order_id) : shop.cancelOrder(order_id),
                )
              }
            >
              {asked === 'refund' ? texts.refund : texts.cancel}
            </Button>
            <Button look="quiet" onClick={() => setAsked(undefined)}>
              {texts.keep}
            </Button>
          </div>
        </div>
      </Sheet>
    </div>
  )
}

function useRestore({ order_id, lines }: Order) {
  const { order: texts, shelf } = useMessages()
  const toast = useToast()
  const navigate = useNavigate()
  const forgetCart = useForgetCart()
  return useMutation({
    mutationFn: () =>
      shop.ask('POST', '/cart/restore', { body: { order_id }, idempotencyKey: `restore-${order_id}` }),
    onSuccess: async ({ left_out }) => {
      const names = lines
        .filter(({ item_id }) => left_out.includes(item_id))
        .map(({ item_id, name }) => shelf.name(item_id, name))
      toast({ text: names.length === 0 ? texts.restored : texts.leftOut(names.join(', ')) })
      await forgetCart()
      await navigate('/shop/cart')
    },
  })
}

function useBuyAgain(lines: Order['lines']) {
  const navigate = useNavigate()
  const forgetCart = useForgetCart()
  return useMutation({
    mutationFn: async () => {
      for (const { item_id, quantity } of lines) await shop.addToCart(item_id, quantity)
    },
    onSuccess: async () => {
      await forgetCart()
      await navigate('/shop/cart')
    },
  })
}
