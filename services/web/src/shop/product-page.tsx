import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { type Product, shop } from '../api.ts'
import { money } from '../format.ts'
import { useMessages } from '../messages/messages.tsx'
import { Button, ButtonLink } from '../parts/button.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Bone, Empty, Trouble } from '../parts/panel.tsx'
import { Picture } from '../parts/picture.tsx'
import { useToast } from '../parts/toast.tsx'
import style from './product-page.module.css'
import { FEW } from './product-tile.tsx'
import { useCartChange, useProduct } from './queries.ts'
import { MAX_QUANTITY, Stepper } from './stepper.tsx'

export function ProductPage() {
  const { product: texts, catalogue } = useMessages()
  const { productId = '' } = useParams()
  const { data, error, refetch } = useProduct(productId)
  if (error?.status === 404 || error?.status === 400) {
    return (
      <>
        <PageTitle title={texts.unknown} className="visually-hidden">
          {texts.unknown}
        </PageTitle>
        <Empty title={texts.unknown}>
          <ButtonLink to="/shop">{catalogue.showAll}</ButtonLink>
        </Empty>
      </>
    )
  }
  return (
    <>
      <Link to="/shop" className={style['back']}>
        {texts.back}
      </Link>
      {error && data === undefined && <Trouble error={error} onRetry={() => void refetch()} />}
      {data === undefined && !error && <Bone height={420} />}
      {data !== undefined && <Details product={data} />}
    </>
  )
}

function Details({ product }: { product: Product }) {
  const { product_id, description, category, price_minor, currency, available } = product
  const { product: texts, shelf } = useMessages()
  const name = shelf.name(product_id, product.name)
  const [quantity, setQuantity] = useState(1)
  const change = useCartChange()
  const toast = useToast()
  const navigate = useNavigate()
  const most = Math.min(MAX_QUANTITY, available)
  const add = () =>
    change.mutate(
      { run: () => shop.addToCart(product_id, quantity) },
      {
        onSuccess: () =>
          toast({
            text: texts.added(name),
            action: { label: texts.viewCart, run: () => void navigate('/shop/cart') },
          }),
      },
    )
  return (
    <div className={style['split']}>
      <Picture productId={product_id} category={category} />
      <div className={style['text']}>
        <p className={style['category']}>{shelf.category(category)}</p>
        <PageTitle title={name}>{name}</PageTitle>
        <p className={style['price']}>{money(price_minor, currency)}</p>
        <p>{shelf.description(product_id, description)}</p>
        {available > 0 ? (
          <>
            <p className={available < FEW ? style['few'] : style['ok']}>
              {available < FEW ? texts.left(available) : texts.inStock}
            </p>
            <div className={style['row']}>
              <Stepper name={name} value={Math.min(quantity, most)} max={most} onChange={setQuantity} />
              <Button disabled={change.isPending} onClick={add}>
                {texts.add}
              </Button>
            </div>
          </>
        ) : (
          <p>{texts.soldOut}</p>
        )}
        {change.error && <Trouble error={change.error} />}
        <p className={style['terms']}>{texts.terms}</p>
      </div>
    </div>
  )
}
