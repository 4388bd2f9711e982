import type { ShopError } from '@lepton/client'
import type { Answer, RouteOf } from '@lepton/client/api'
import { isFinal } from '@lepton/client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useParams } from 'react-router'
import { shop } from '../api.ts'
import { age, clock, money, shortId } from '../format.ts'
import type { ConsoleMessages } from '../messages/en-console.ts'
import type { Messages } from '../messages/en.ts'
import { flagOf } from '../messages/flag.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { Button, ButtonLink } from '../parts/button.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Bone, Empty, Trouble } from '../parts/panel.tsx'
import { OrderState } from '../parts/state.tsx'
import { useNow } from '../parts/use-now.ts'
import style from './console.module.css'
import { Timeline } from './timeline/timeline.tsx'
import { Versions } from './versions.tsx'
import { TracePanel } from './trace/trace.tsx'

type Seen = Answer<RouteOf<'GET', '/ops/orders/:order_id'>>
type Trail = Answer<RouteOf<'GET', '/ops/orders/:order_id/timeline'>>

const EVERY_MS = 2_000

/** One order over all services: what it waits for in one sentence, its story, and what may be done about it. */
export function OrderView() {
  const messages = useConsoleMessages()
  const { console: texts } = messages
  const { orderId = '' } = useParams()
  const params = { order_id: orderId }
  const { data, error, refetch } = useQuery({
    queryKey: ['ops', 'order', orderId],
    queryFn: ({ signal }) => shop.ask('GET', '/ops/orders/:order_id', { params, signal }),
    refetchInterval: ({ state }) =>
      state.data && isFinal(state.data.order.status) ? 5 * EVERY_MS : EVERY_MS,
  })
  const trail = useQuery({
    queryKey: ['ops', 'timeline', orderId, data?.order.updated_at],
    queryFn: ({ signal }) => shop.ask('GET', '/ops/orders/:order_id/timeline', { params, signal }),
    enabled: data !== undefined,
    refetchInterval: data && isFinal(data.order.status) ? false : EVERY_MS,
    placeholderData: (last) => last,
  })
  const now = useNow()
  if (error?.status === 404 || error?.status === 400) {
    return (
      <>
        <PageTitle title={texts.order.unknown}>{texts.order.unknown}</PageTitle>
        <Empty title={shortId(orderId)}>
          <ButtonLink to="/console/orders">{texts.orders.nav}</ButtonLink>
        </Empty>
      </>
    )
  }
  return (
    <>
      <p className={style['sub']}>
        <Link to="/console/orders">{texts.orders.nav}</Link> / <code>{shortId(orderId)}</code>
      </p>
      <PageTitle title={`${texts.order.title} ${orderId.slice(0, 4)}`}>
        {data === undefined ? texts.order.title : whyOf(data, trail.data, now, messages)}
      </PageTitle>
      {error && <Trouble error={error} onRetry={() => void refetch()} />}
      {data === undefined && !error && <Bone height={360} />}
      {data !== undefined && (
        <div className={style['order']}>
          <Facts seen={data} />
          <Acts seen={data} />
          {trail.error && <Trouble error={trail.error} onRetry={() => void trail.refetch()} />}
          {trail.data === undefined ? <Bone height={320} /> : <Timeline trail={trail.data} />}
          <p className={style['note']}>{texts.timeline.legend}</p>
          <Versions orderId={orderId} version={data.order.updated_at} />
          <TracePanel orderId={orderId} isFinal={isFinal(data.order.status)} />
        </div>
      )}
    </>
  )
}

/** Why it is where it is, in one sentence. */
function whyOf(
  { order }: Seen,
  trail: Trail | undefined,
  now: number,
  { console: texts, services }: Messages & { console: ConsoleMessages },
): string {
  const nameOf = (service: string) => services[service as keyof typeof services] ?? service
  const events = texts.timeline.events as Partial<Record<string, string>>
  const [dead] = trail?.dead.filter(({ status }) => status === 'DEAD') ?? []
  if (dead !== undefined)
    return texts.order.dead(
      nameOf(dead.service),
      events[dead.event_type ?? ''] ?? dead.event_type ?? '',
      dead.attempts,
    )
  const waits = order.waits_for
  if (waits === null) return texts.order.ended[order.status] ?? order.status
  const steps = texts.timeline.steps as Partial<Record<string, string>>
  const left = waits.deadline === null ? '' : texts.order.left(clock(Date.parse(waits.deadline) - now))
  const since = waits.since === null ? '' : texts.order.since(age(now - Date.parse(waits.since)))
  return texts.order.waits(nameOf(waits.service), steps[waits.step] ?? waits.step, since, left)
}

function Facts({ seen: { order, stock, money: paid } }: { seen: Seen }) {
  const { console: texts, payment, checkout, shelf, flags } = useConsoleMessages()
  const facts: [string, ReactNode][] = [
    [texts.order.status, <OrderState key="status" status={order.status} />],
    [texts.order.stock, stock === null ? '—' : flagOf(flags, stock.state)],
    [texts.order.money, paid === null ? '—' : payment[paid.payment.state]],
    [texts.order.amount, money(order.amount_minor, order.currency)],
    [texts.order.mode, checkout.modes[order.mode][0]?.toLowerCase()],
    [
      texts.order.customer,
      <Link key="customer" to={`/console/orders?query=${order.customer_id}`}>
        <code>{shortId(order.customer_id)}</code>
      </Link>,
    ],
  ]
  return (
    <section className={style['panel']}>
      <dl className={style['facts']}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <ul className={style['lines']}>
        {order.lines.map(({ item_id, name, quantity }) => (
          <li key={item_id}>
            {quantity} × {shelf.name(item_id, name)}
          </li>
        ))}
      </ul>
    </section>
  )
}

const ACTS = ['cancel', 'refund', 'ask_status'] as const

/** What the state table allows now; the rest is disabled. */
function Acts({ seen: { order } }: { seen: Seen }) {
  const { console: texts } = useConsoleMessages()
  const queries = useQueryClient()
  const params = { order_id: order.order_id }
  const body = { reason: texts.order.reason }
  const act = useMutation<unknown, ShopError, (typeof ACTS)[number]>({
    mutationFn: (name) => {
      if (name === 'cancel') return shop.ask('POST', '/ops/orders/:order_id/cancel', { params, body })
      if (name === 'refund') return shop.ask('POST', '/ops/orders/:order_id/refund', { params, body })
      return shop.ask('POST', '/ops/orders/:order_id/ask-status', { params, body })
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['ops'] }),
  })
  return (
    <div className={style['row']}>
      {ACTS.map((name) => (
        <Button
          key={name}
          look={name === 'ask_status' ? 'quiet' : 'danger'}
          size="small"
          disabled={!order.allowed[name] || act.isPending}
          onClick={() => act.mutate(name)}
        >
          {texts.order.acts[name]}
        </Button>
      ))}
      {act.error && <Trouble error={act.error} />}
    </div>
  )
}
