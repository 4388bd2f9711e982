import { useInfiniteQuery } from '@tanstack/react-query'
import type { Answer, RouteOf } from '@lepton/client/api'
import type { SyntheticEvent } from 'react'
import { Link, useLocation, useSearchParams } from 'react-router'
import { shop } from '../api.ts'
import { age, money, shortId } from '../format.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { Button, ButtonLink } from '../parts/button.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Bone, Empty, Trouble } from '../parts/panel.tsx'
import { OrderState } from '../parts/state.tsx'
import { useNow } from '../parts/use-now.ts'
import style from './console.module.css'
import { isSearch } from './keys.ts'
import form from './form.module.css'
import table from './table.module.css'

type OpsOrder = Answer<RouteOf<'GET', '/ops/orders'>>['items'][number]
const VIEWS = ['all', 'in_flight', 'stuck', 'cancelled', 'refunded'] as const
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Orders of all customers; the address holds the view and what was searched for. */
export function Orders() {
  const { console: texts, catalogue } = useConsoleMessages()
  const [search, setSearch] = useSearchParams()
  const view = VIEWS.find((name) => name === search.get('view')) ?? 'all'
  const query = search.get('query') ?? ''
  const state: unknown = useLocation().state
  const isId = query === '' || ID.test(query)
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['ops', 'orders', view, query],
    queryFn: ({ pageParam, signal }) =>
      shop.ask('GET', '/ops/orders', {
        query: { view, limit: 50, ...(query && { query }), ...(pageParam && { cursor: pageParam }) },
        signal,
      }),
    enabled: isId,
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: 3_000,
  })
  const orders = data?.pages.flatMap(({ items }) => items)
  function find(event: SyntheticEvent<HTMLFormElement>) {
    event.preventDefault()
    const given = new FormData(event.currentTarget).get('query')
    setSearch({ view, ...(typeof given === 'string' && given.trim() !== '' && { query: given.trim() }) })
  }
  return (
    <>
      <PageTitle title={texts.orders.nav}>{texts.orders.views[view]}</PageTitle>
      <div className={form['filters']}>
        <nav className={form['tabs']} aria-label={texts.orders.nav}>
          {VIEWS.map((name) => (
            <Link key={name} to={`?view=${name}`} aria-current={name === view ? 'page' : undefined}>
              {texts.orders.tabs[name]}
            </Link>
          ))}
        </nav>
        <form role="search" onSubmit={find}>
          <input
            key={query}
            type="search"
            name="query"
            defaultValue={query}
            autoFocus={isSearch(state)}
            aria-label={texts.orders.search}
            placeholder={texts.orders.search}
          />
        </form>
      </div>
      {!isId && <Empty title={texts.orders.noId} hint={texts.orders.noIdHint} />}
      {error && <Trouble error={error} onRetry={() => void refetch()} />}
      {orders === undefined && !error && isId && <Bone height={320} />}
      {orders?.length === 0 && (
        <Empty title={texts.orders.empty}>
          <ButtonLink to="/lab">{texts.orders.make}</ButtonLink>
          <ButtonLink to="?view=all" look="quiet">
            {catalogue.showAll}
          </ButtonLink>
        </Empty>
      )}
      {orders !== undefined && orders.length > 0 && isId && <Rows orders={orders} />}
      {hasNextPage && (
        <p className={form['more']}>
          <Button look="quiet" size="small" onClick={() => void fetchNextPage()}>
            {catalogue.more}
          </Button>
        </p>
      )}
    </>
  )
}

function Rows({ orders }: { orders: readonly OpsOrder[] }) {
  const { console: texts, checkout } = useConsoleMessages()
  const columns = texts.orders.columns
  const now = useNow()
  return (
    <section className={style['panel']}>
      <table className={table['table']}>
        <thead>
          <tr>
            <th>{columns.order}</th>
            <th className={table['n']}>{columns.age}</th>
            <th>{columns.customer}</th>
            <th className={table['n']}>{columns.amount}</th>
            <th>{columns.mode}</th>
            <th>{columns.status}</th>
            <th>{columns.waits}</th>
          </tr>
        </thead>
        <tbody>
          {orders.map((order) => (
            <tr key={order.order_id}>
              <td data-label={columns.order}>
                <Link to={`/console/orders/${order.order_id}`}>
                  <code>{shortId(order.order_id)}</code>
                </Link>
              </td>
              <td data-label={columns.age} className={table['n']}>
                {age(now - Date.parse(order.created_at))}
              </td>
              <td data-label={columns.customer}>
                <Link to={`?query=${order.customer_id}`}>
                  <code>{shortId(order.customer_id)}</code>
                </Link>
              </td>
              <td data-label={columns.amount} className={table['n']}>
                {money(order.amount_minor, order.currency)}
              </td>
              <td data-label={columns.mode}>{checkout.modes[order.mode][0]?.toLowerCase()}</td>
              <td data-label={columns.status}>
                <OrderState status={order.status} />
              </td>
              <td data-label={columns.waits}>
                {order.waits_for === null
                  ? '—'
                  : `${(texts.timeline.steps as Partial<Record<string, string>>)[order.waits_for.step] ?? order.waits_for.step} · ${age(now - Date.parse(order.updated_at))}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
