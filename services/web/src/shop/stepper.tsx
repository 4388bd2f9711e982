import { useState } from 'react'
import { useMessages } from '../messages/messages.tsx'
import style from './cart-lines.module.css'

export const MAX_QUANTITY = 999

/** A quantity from 1 to 999, by button or by typing; what is no quantity changes nothing. */
export function Stepper({
  name,
  value,
  onChange,
  max = MAX_QUANTITY,
}: {
  name: string
  value: number
  onChange: (quantity: number) => void
  max?: number
}) {
  const { cart } = useMessages()
  const [typed, setTyped] = useState<string>()
  const commit = () => {
    const quantity = Number(typed)
    if (typed !== undefined && Number.isInteger(quantity) && quantity >= 1)
      onChange(Math.min(quantity, MAX_QUANTITY))
    setTyped(undefined)
  }
  return (
    <div className={style['stepper']}>
      <button
        type="button"
        aria-label={cart.less(name)}
        disabled={value <= 1}
        onClick={() => onChange(value - 1)}
      >
        −
      </button>
      <input
        type="number"
        inputMode="numeric"
        min={1}
        max={MAX_QUANTITY}
        aria-label={cart.quantityOf(name)}
        value={typed ?? value}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key === 'Enter') commit()
        }}
      />
      <button
        type="button"
        aria-label={cart.more(name)}
        disabled={value >= Math.min(max, MAX_QUANTITY)}
        onClick={() => onChange(value + 1)}
      >
        +
      </button>
    </div>
  )
}
