import { useMessages } from '../messages/messages.tsx'
import { ButtonLink } from '../parts/button.tsx'
import { Bone, Empty, Trouble } from '../parts/panel.tsx'
import { Sheet } from '../parts/sheet.tsx'
import style from './cart-lines.module.css'
import { CartLines, CartTotal } from './cart-lines.tsx'
import { useCart } from './queries.ts'

/** The cart beside the page that one is on. */
export function CartSheet({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { cart: texts } = useMessages()
  const { data: cart, error, refetch } = useCart({ enabled: isOpen })
  const hasLines = cart !== undefined && cart.lines.length > 0
  return (
    <Sheet
      title={texts.title}
      isOpen={isOpen}
      onClose={onClose}
      foot={
        hasLines && (
          <div className={style['foot']}>
            <CartTotal cart={cart} />
            <ButtonLink to="/shop/checkout">{texts.checkout}</ButtonLink>
            <ButtonLink to="/shop/cart" look="link">
              {texts.open}
            </ButtonLink>
          </div>
        )
      }
    >
      {error && <Trouble error={error} onRetry={() => void refetch()} />}
      {cart === undefined && !error && <Bone height={200} />}
      {hasLines && <CartLines cart={cart} />}
      {cart?.lines.length === 0 && (
        <Empty title={texts.empty} hint={texts.emptyHint}>
          <ButtonLink to="/shop" onClick={onClose}>
            {texts.toShop}
          </ButtonLink>
        </Empty>
      )}
    </Sheet>
  )
}
