import { type SyntheticEvent, useState } from 'react'
import { useMessages } from '../messages/messages.tsx'
import { money } from '../format.ts'
import { Button, ButtonLink } from '../parts/button.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Bone, Empty, Trouble } from '../parts/panel.tsx'
import { CartTotal } from './cart-lines.tsx'
import split from './cart-page.module.css'
import style from './checkout.module.css'
import { useCheckout } from './use-checkout.ts'
import { useCart } from './queries.ts'

const CARDS = [
  'tok_approved',
  'tok_declined',
  'tok_slow',
  'tok_timeout',
  'tok_capture_fails',
  'none',
] as const
type Card = (typeof CARDS)[number]
const MODES = ['saga', 'two_phase'] as const
type Mode = (typeof MODES)[number]

export function Checkout() {
  const { checkout: texts, cart: cartTexts, shelf } = useMessages()
  const { data: cart, error, refetch } = useCart()
  const [card, setCard] = useState<Card>('tok_approved')
  const [mode, setMode] = useState<Mode>('saga')
  const checkout = useCheckout()

  function submit(event: SyntheticEvent) {
    event.preventDefault()
    if (cart === undefined) return
    checkout.place({
      mode,
      cart_version: cart.version,
      amount_minor: cart.amount_minor,
      ...(card !== 'none' && { payment_token: card }),
    })
  }

  if (checkout.isPlacing || checkout.isAccepted) {
    return (
      <>
        <PageTitle title={texts.title}>{texts.placing}</PageTitle>
        <p className={style['hint']}>{texts.once}</p>
      </>
    )
  }
  return (
    <>
      <PageTitle title={texts.title}>{texts.title}</PageTitle>
      {error && <Trouble error={error} onRetry={() => void refetch()} />}
      {checkout.error && <Trouble error={checkout.error} />}
      {checkout.error?.slug === 'cart-changed' && <p className={style['hint']}>{texts.changed}</p>}
      {cart === undefined && !error && <Bone height={320} />}
      {cart?.lines.length === 0 && (
        <Empty title={cartTexts.empty} hint={cartTexts.emptyHint}>
          <ButtonLink to="/shop">{cartTexts.toShop}</ButtonLink>
        </Empty>
      )}
      {cart !== undefined && cart.lines.length > 0 && (
        <form className={split['split']} onSubmit={submit}>
          <div className={style['form']}>
            <fieldset className={style['group']}>
              <legend>{texts.card}</legend>
              <p className={style['hint']}>{texts.cardHint}</p>
              <div className={style['options']}>
                {CARDS.map((name) => (
                  <Option
                    key={name}
                    group="card"
                    words={texts.cards[name]}
                    isChosen={card === name}
                    isDisabled={name === 'none' && mode === 'two_phase'}
                    onChoose={() => setCard(name)}
                  />
                ))}
              </div>
            </fieldset>
            <fieldset className={style['group']}>
              <legend>{texts.mode}</legend>
              {card === 'none' && <p className={style['hint']}>{texts.needsCard}</p>}
              <div className={style['options']}>
                {MODES.map((name) => (
                  <Option
                    key={name}
                    group="mode"
                    words={texts.modes[name]}
                    isChosen={mode === name}
                    isDisabled={name === 'two_phase' && card === 'none'}
                    onChoose={() => setMode(name)}
                  />
                ))}
              </div>
            </fieldset>
          </div>
          <div className={split['aside']}>
            <h2>{texts.summary}</h2>
            <ul className={style['summary']}>
              {cart.lines.map((line) => (
                <li key={line.item_id}>
                  <span>
                    {line.quantity} × {shelf.name(line.item_id, line.name)}
                  </span>
                  <span>{money(line.quantity * line.unit_price_minor, cart.currency)}</span>
                </li>
              ))}
            </ul>
            <CartTotal cart={cart} />
            <Button type="submit">
              {(card === 'none' ? texts.placeUnpaid : texts.place)(money(cart.amount_minor, cart.currency))}
            </Button>
            <p className={style['hint']}>{texts.once}</p>
          </div>
        </form>
      )}
    </>
  )
}

function Option({
  group,
  words,
  isChosen,
  isDisabled,
  onChoose,
}: {
  group: string
  words: readonly string[]
  isChosen: boolean
  isDisabled: boolean
  onChoose: () => void
}) {
  return (
    <label className={style['option']}>
      <input type="radio" name={group} checked={isChosen} disabled={isDisabled} onChange={onChoose} />
      <span>
        <b>{words[0]}</b>
        <span>{words[1]}</span>
      </span>
    </label>
  )
}
