import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { type Order, shop } from '../api.ts'
import { exactTime, money, shortId } from '../format.ts'
import { useMessages } from '../messages/messages.tsx'
import { Button, ButtonLink } from '../parts/button.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Bone, Empty, Trouble } from '../parts/panel.tsx'
import { Picture } from '../parts/picture.tsx'
import { OrderState } from '../parts/state.tsx'
import style from './orders.module.css'

const SHOWN_PICTURES = 2

export function Orders() {
  const { orders: texts, cart } = useMessages()
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['orders'],
    queryFn: ({ pageParam }) => shop.orders({ limit: 20, ...(pageParam !== '' && { cursor: pageParam }) }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: 5_000,
  })
  const orders = data?.pages.flatMap(({ items }) => items)
  return (
    <>
      <PageTitle title={texts.title}>{texts.title}</PageTitle>
      {error && <Trouble error={error} onRetry={() => void refetch()} />}
      {data?.pages.some(({ incomplete }) => incomplete.length > 0) && <p role="status">{texts.incomplete}</p>}
      {orders === undefined && !error && <Bone height={240} />}
      {orders?.length === 0 && (
        <Empty title={texts.empty} hint={texts.emptyHint}>
          <ButtonLink to="/shop">{cart.toShop}</ButtonLink>
        </Empty>
      )}
      {orders !== undefined && orders.length > 0 && (
        <ol className={style['list']}>
          {orders.map((order) => (
            <Row key={order.order_id} order={order} />
          ))}
        </ol>
      )}
      {hasNextPage && (
        <div className={style['more']}>
          <Button look="quiet" onClick={() => void fetchNextPage()}>
            {texts.more}
          </Button>
        </div>
      )}
    </>
  )
}

function Row({ order }: { order: Order }) {
  const { orders: texts, shelf } = useMessages()
  const { order_id, lines, status, amount_minor, currency, created_at } = order
  const [first] = lines
  const rest = lines.length - 1
  return (
    <li>
      <div className={style['pictures']}>
        {lines.slice(0, SHOWN_PICTURES).map(({ item_id }) => (
          <Picture key={item_id} productId={item_id} />
        ))}
      </div>
      <div className={style['what']}>
        <Link to={`/shop/orders/${order_id}`}>
          {first?.quantity} × {first && shelf.name(first.item_id, first.name)}
        </Link>{' '}
        {rest > 0 && <span className={style['dim']}>{texts.andMore(rest)}</span>}
        <p className={style['dim']}>
          <time dateTime={created_at}>{exactTime(created_at)}</time> · <code>{shortId(order_id)}</code>
        </p>
      </div>
      <div>
        <OrderState status={status} />
      </div>
      <p className={style['amount']}>{money(amount_minor, currency)}</p>
    </li>
  )
}
