import { Link } from 'react-router'
import { type Cart, type CartLine, shop } from '../api.ts'
import { money } from '../format.ts'
import { useMessages } from '../messages/messages.tsx'
import { Button } from '../parts/button.tsx'
import { Picture } from '../parts/picture.tsx'
import { Trouble } from '../parts/panel.tsx'
import { useToast } from '../parts/toast.tsx'
import style from './cart-lines.module.css'
import { useCartChange } from './queries.ts'
import { Stepper } from './stepper.tsx'

const withQuantity = (id: string, quantity: number) => (cart: Cart) => ({
  ...cart,
  lines: cart.lines.map((line) => (line.item_id === id ? { ...line, quantity } : line)),
})
const without = (id: string) => (cart: Cart) => ({
  ...cart,
  lines: cart.lines.filter(({ item_id }) => item_id !== id),
})

/** The lines of the cart, to be changed. A quantity is shown at once, prices and totals are the shop's. */
export function CartLines({ cart }: { cart: Cart }) {
  const change = useCartChange()
  const toast = useToast()
  const { cart: texts, shelf } = useMessages()
  const nameOf = ({ item_id, name }: CartLine) => shelf.name(item_id, name)

  function setQuantity({ item_id }: CartLine, quantity: number) {
    change.mutate({ run: () => shop.setQuantity(item_id, quantity), guess: withQuantity(item_id, quantity) })
  }

  function remove(line: CartLine) {
    const { item_id, quantity } = line
    change.mutate({ run: () => shop.removeFromCart(item_id), guess: without(item_id) })
    toast({
      text: texts.removed(nameOf(line)),
      action: {
        label: texts.undo,
        run: () => change.mutate({ run: () => shop.setQuantity(item_id, quantity) }),
      },
    })
  }

  return (
    <>
      <ul>
        {cart.lines.map((line) => (
          <li key={line.item_id} className={style['line']}>
            <div className={style['picture']}>
              <Picture productId={line.item_id} />
            </div>
            <div>
              <Link to={`/shop/p/${line.item_id}`} className={style['name']}>
                {nameOf(line)}
              </Link>
              <p className={style['each']}>
                {money(line.unit_price_minor, cart.currency)} {texts.each}
              </p>
            </div>
            <p className={style['price']}>{money(line.unit_price_minor * line.quantity, cart.currency)}</p>
            <div className={style['act']}>
              <Stepper
                name={nameOf(line)}
                value={line.quantity}
                onChange={(quantity) => setQuantity(line, quantity)}
              />
              <Button look="link" aria-label={texts.removeOf(nameOf(line))} onClick={() => remove(line)}>
                {texts.remove}
              </Button>
            </div>
            {!line.in_catalogue && <p className={style['gone']}>{texts.gone}</p>}
          </li>
        ))}
      </ul>
      {change.error && <Trouble error={change.error} />}
    </>
  )
}

export function CartTotal({ cart }: { cart: Cart }) {
  const { cart: texts } = useMessages()
  const sum = cart.lines.reduce((total, line) => total + line.unit_price_minor * line.quantity, 0)
  // The shop has not said yet what the changed cart costs.
  const isWaiting = sum !== cart.amount_minor
  return (
    <p className={style['total']}>
      <span>{texts.total}</span>
      <span className={isWaiting ? style['waiting'] : undefined}>
        {money(cart.amount_minor, cart.currency)}
      </span>
    </p>
  )
}
