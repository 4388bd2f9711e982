import { Link } from 'react-router'
import type { Product } from '../api.ts'
import { money } from '../format.ts'
import { useMessages } from '../messages/messages.tsx'
import { Picture } from '../parts/picture.tsx'
import style from './catalogue.module.css'

/** Below it, a shopper is shown how many are left. */
export const FEW = 10

export function ProductTile({ product }: { product: Product }) {
  const { shelf } = useMessages()
  const { product_id, name, category, price_minor, currency, available } = product
  return (
    <>
      <div className={available === 0 ? style['sold'] : undefined}>
        <Picture productId={product_id} category={category} />
      </div>
      <h2 className={style['name']}>
        <Link to={`/shop/p/${product_id}`}>{shelf.name(product_id, name)}</Link>
      </h2>
      <p className={style['meta']}>
        <span>{money(price_minor, currency)}</span>
        <Left available={available} />
      </p>
    </>
  )
}

function Left({ available }: { available: number }) {
  const { catalogue } = useMessages()
  if (available <= 0) return <span className={style['out']}>{catalogue.soldOut}</span>
  if (available < FEW) return <span className={style['few']}>{catalogue.left(available)}</span>
  return <span>{catalogue.inStock}</span>
}
