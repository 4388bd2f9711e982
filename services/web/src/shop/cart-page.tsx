import { useMessages } from '../messages/messages.tsx'
import { ButtonLink } from '../parts/button.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Bone, Empty, Trouble } from '../parts/panel.tsx'
import { CartLines, CartTotal } from './cart-lines.tsx'
import style from './cart-page.module.css'
import { useCart } from './queries.ts'

export function CartPage() {
  const { cart: texts } = useMessages()
  const { data: cart, error, refetch } = useCart()
  return (
    <>
      <PageTitle title={texts.title}>{texts.title}</PageTitle>
      {error && <Trouble error={error} onRetry={() => void refetch()} />}
      {cart === undefined && !error && <Bone height={240} />}
      {cart?.lines.length === 0 && (
        <Empty title={texts.empty} hint={texts.emptyHint}>
          <ButtonLink to="/shop">{texts.toShop}</ButtonLink>
        </Empty>
      )}
      {cart !== undefined && cart.lines.length > 0 && (
        <div className={style['split']}>
          <CartLines cart={cart} />
          <div className={style['aside']}>
            <CartTotal cart={cart} />
            <ButtonLink to="/shop/checkout">{texts.checkout}</ButtonLink>
          </div>
        </div>
      )}
    </>
  )
}
