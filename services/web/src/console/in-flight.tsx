import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { shop } from '../api.ts'
import { age, duration, shortId } from '../format.ts'
import { flagOf } from '../messages/flag.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Bone, Trouble } from '../parts/panel.tsx'
import { OrderState } from '../parts/state.tsx'
import { useNow } from '../parts/use-now.ts'
import { Age } from './age.tsx'
import style from './console.module.css'
import { Table } from './table.tsx'

/** Orders that are not settled, by where they are; and why those that do not move, do not. */
export function InFlight() {
  const { console: texts, flags } = useConsoleMessages()
  const { data, error, refetch, dataUpdatedAt } = useQuery({
    queryKey: ['ops', 'sagas'],
    queryFn: ({ signal }) => shop.ask('GET', '/ops/sagas', { signal }),
    refetchInterval: 2_000,
  })
  const now = useNow()
  const words = texts.inFlight
  const count = data?.steps.reduce((sum, step) => sum + step.count, 0) ?? 0
  const steps = texts.timeline.steps as Partial<Record<string, string>>
  return (
    <>
      <PageTitle title={words.nav}>
        {data === undefined ? words.nav : words.title(count, data.stuck.length)}
      </PageTitle>
      {error && <Trouble error={error} onRetry={() => void refetch()} />}
      {data === undefined && !error && <Bone height={240} />}
      {data !== undefined && <Age updatedAt={dataUpdatedAt} incomplete={data.incomplete} />}
      {data !== undefined && data.stuck.length > 0 && (
        <section className={style['panel']} aria-labelledby="stuck">
          <h2 id="stuck">{words.stuck}</h2>
          <Table
            columns={[
              { label: words.columns.order },
              { label: words.columns.status },
              { label: words.columns.waits },
              { label: words.columns.because },
              { label: words.columns.since, isFigure: true },
            ]}
            rows={data.stuck.map((order) => ({
              key: order.order_id,
              cells: [
                <Link key="id" to={`/console/orders/${order.order_id}`}>
                  <code>{shortId(order.order_id)}</code>
                </Link>,
                <OrderState key="status" status={order.status} />,
                order.waits_for === null ? '—' : (steps[order.waits_for.step] ?? order.waits_for.step),
                [words.because[order.because], order.detail].filter(Boolean).join(': '),
                age(now - Date.parse(order.updated_at)),
              ],
            }))}
          />
        </section>
      )}
      {data !== undefined && data.steps.length > 0 && (
        <section className={style['panel']} aria-labelledby="steps">
          <h2 id="steps">{words.steps}</h2>
          <Table
            columns={[
              { label: words.columns.decision },
              { label: words.columns.stock },
              { label: words.columns.money },
              { label: words.columns.count, isFigure: true },
              { label: words.columns.oldest, isFigure: true },
              { label: words.columns.p95, isFigure: true },
            ]}
            rows={data.steps.map((step) => ({
              key: `${step.decision} ${step.stock} ${step.pay} ${step.waits_for_customer}`,
              cells: [
                flagOf(flags, step.decision),
                flagOf(flags, step.stock),
                step.waits_for_customer ? words.customer : flagOf(flags, step.pay),
                step.count,
                age(now - Date.parse(step.oldest_at)),
                duration(step.p95_s * 1_000),
              ],
            }))}
          />
        </section>
      )}
    </>
  )
}
