import { Link, useParams } from 'react-router'
import type { Order, Payment } from '../api.ts'
import { clock, exactTime, money } from '../format.ts'
import { useMessages } from '../messages/messages.tsx'
import type { Messages } from '../messages/en.ts'
import { ButtonLink } from '../parts/button.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Bone, Empty, Trouble } from '../parts/panel.tsx'
import { Picture } from '../parts/picture.tsx'
import { OrderState } from '../parts/state.tsx'
import { useNow } from '../parts/use-now.ts'
import { OrderActs, waitsForCard } from './order-acts.tsx'
import style from './order-page.module.css'
import { OrderHistory, OrderSteps } from './order-steps.tsx'
import { useOrder, useOrderDetails, type Via } from './use-order.ts'

export function OrderPage() {
  const { order: texts, nav } = useMessages()
  const { orderId = '' } = useParams()
  const { order, via, error, follow } = useOrder(orderId)
  const { history, payment } = useOrderDetails(order)
  if (error?.status === 404 || error?.status === 400) {
    return (
      <>
        <PageTitle title={texts.title} className="visually-hidden">
          {texts.unknown}
        </PageTitle>
        <Empty title={texts.unknown} hint={texts.unknownHint}>
          <ButtonLink to="/shop/orders">{nav.orders}</ButtonLink>
        </Empty>
      </>
    )
  }
  if (order === undefined) {
    return (
      <>
        <PageTitle title={texts.title}>{texts.title}</PageTitle>
        {error ? <Trouble error={error} onRetry={follow} /> : <Bone height={320} />}
      </>
    )
  }
  const waits = waitsForCard(order, payment)
  return (
    <>
      <div className={style['top']}>
        <OrderState status={order.status} />
        {via && <LiveMark via={via} />}
        <Deadline order={order} isForPayment={waits} />
      </div>
      <PageTitle title={`${texts.title} ${order.order_id.slice(0, 4)}`}>
        {headline(order, waits, texts.headlines)}
      </PageTitle>
      <p className="visually-hidden" role="status">
        {headline(order, waits, texts.headlines)}
      </p>
      {order.reason === 'DECLINED' && payment?.decline_reason && (
        <p className={style['why']}>{texts.bankSays(payment.decline_reason)}</p>
      )}
      <Shortages order={order} />
      {error && <Trouble error={error} onRetry={follow} />}
      <OrderSteps order={order} history={history} />
      <div className={style['split']}>
        <div>
          <h2>{texts.lines}</h2>
          <Lines order={order} />
          <OrderHistory order={order} history={history} />
        </div>
        <div className={style['acts']}>
          <Facts order={order} payment={payment} />
          <OrderActs order={order} payment={payment} onChanged={follow} />
        </div>
      </div>
    </>
  )
}

function headline(order: Order, waits: boolean, headlines: Messages['order']['headlines']): string {
  if (waits) return headlines.WAITS
  const { status, reason } = order
  if (status !== 'CANCELLED' && status !== 'REJECTED') return headlines[status]
  if (reason && reason in headlines) return headlines[reason as keyof typeof headlines]
  return headlines[status]
}

function LiveMark({ via }: { via: Via }) {
  const { order: texts } = useMessages()
  if (via === 'ended') return null
  return (
    <span
      className={`${style['live']} ${via === 'stream' ? style['stream'] : ''}`}
      title={texts.viaHints[via]}
    >
      {texts.via[via]}
    </span>
  )
}

function Deadline({ order, isForPayment }: { order: Order; isForPayment: boolean }) {
  const { order: texts } = useMessages()
  const isOpen = order.status === 'PLACED' || order.status === 'RESERVED'
  const now = useNow(isOpen)
  if (!isOpen || order.deadline === undefined) return null
  const left = clock(Date.parse(order.deadline) - now)
  return <span className={style['left']}>{isForPayment ? texts.leftToPay(left) : texts.leftToEnd(left)}</span>
}

function Shortages({ order }: { order: Order }) {
  const { order: texts, shelf } = useMessages()
  if (!order.shortages?.length) return null
  const nameOf = (id: string) => shelf.name(id, order.lines.find(({ item_id }) => item_id === id)?.name ?? id)
  return (
    <ul className={style['why']}>
      {order.shortages.map(({ product_id, requested, available }) => (
        <li key={product_id}>{texts.shortage(nameOf(product_id), requested, available)}</li>
      ))}
    </ul>
  )
}

function Lines({ order }: { order: Order }) {
  const { order: texts, shelf } = useMessages()
  return (
    <>
      <ul className={style['lines']}>
        {order.lines.map(({ item_id, name, quantity, unit_price_minor }) => (
          <li key={item_id}>
            <Picture productId={item_id} />
            <span>
              {quantity} × <Link to={`/shop/p/${item_id}`}>{shelf.name(item_id, name)}</Link>
            </span>
            <span>{money(quantity * unit_price_minor, order.currency)}</span>
          </li>
        ))}
      </ul>
      <p className={style['total']}>
        <span>{texts.total}</span>
        <span>{money(order.amount_minor, order.currency)}</span>
      </p>
    </>
  )
}

function Facts({ order, payment }: { order: Order; payment: Payment | undefined }) {
  const { order: texts, payment: states, checkout } = useMessages()
  return (
    <dl className={style['facts']}>
      <dt>{texts.card}</dt>
      <dd>{payment === undefined ? '—' : states[payment.state]}</dd>
      <dt>{texts.mode}</dt>
      <dd>{checkout.modes[order.mode][0]?.toLowerCase()}</dd>
      <dt>{texts.placedAt}</dt>
      <dd>
        <time dateTime={order.created_at}>{exactTime(order.created_at)}</time>
      </dd>
      <dt>{texts.id}</dt>
      <dd>
        <code>{order.order_id}</code>
      </dd>
      <dt>{texts.behind}</dt>
      <dd>
        <Link to={`/console/orders/${order.order_id}`}>{texts.openInConsole}</Link>
      </dd>
    </dl>
  )
}
