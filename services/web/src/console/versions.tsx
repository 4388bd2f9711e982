import { useQuery } from '@tanstack/react-query'
import type { Answer, RouteOf } from '@lepton/client/api'
import { shop } from '../api.ts'
import { duration, exactTime } from '../format.ts'
import { flagOf } from '../messages/flag.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { Trouble } from '../parts/panel.tsx'
import style from './console.module.css'
import { figure, Table } from './table.tsx'

type Version = Answer<RouteOf<'GET', '/ops/orders/:order_id/versions'>>['items'][number]

/** What the order was before and after each fact of its stream. */
export function Versions({ orderId, version }: { orderId: string; version: string }) {
  const { console: texts, facts, flags, status } = useConsoleMessages()
  const words = texts.order.versions
  const { data, error, refetch } = useQuery({
    queryKey: ['ops', 'versions', orderId, version],
    queryFn: ({ signal }) =>
      shop.ask('GET', '/ops/orders/:order_id/versions', { params: { order_id: orderId }, signal }),
    placeholderData: (last) => last,
  })
  if (error) return <Trouble error={error} onRetry={() => void refetch()} />
  if (data === undefined) return null
  const [first] = data.items
  return (
    <section className={style['panel']} aria-labelledby="versions">
      <h2 id="versions">{words.title}</h2>
      <Table
        columns={[
          figure(words.version),
          { label: words.fact },
          { label: texts.order.status },
          { label: texts.order.stock },
          { label: texts.order.money },
          figure(words.after),
        ]}
        rows={data.items.map((after, index) => {
          const before = data.items[index - 1]
          return {
            key: after.version,
            cells: [
              after.version,
              [
                facts[after.type as keyof typeof facts] ?? after.type,
                after.reason && flagOf(flags, after.reason),
              ]
                .filter(Boolean)
                .join(': '),
              <Step key="status" before={before} after={after} of={(one) => status[one.status]} />,
              <Step key="stock" before={before} after={after} of={(one) => flagOf(flags, one.stock)} />,
              <Step key="pay" before={before} after={after} of={(one) => flagOf(flags, one.pay)} />,
              <time key="at" dateTime={after.at} title={exactTime(after.at)}>
                {duration(Math.max(0, Date.parse(after.at) - Date.parse(first?.at ?? after.at)))}
              </time>,
            ],
          }
        })}
      />
    </section>
  )
}

/** What changed, from what to what; what stayed is there, and steps back. */
function Step({
  before,
  after,
  of,
}: {
  before: Version | undefined
  after: Version
  of: (version: Version) => string
}) {
  if (before === undefined) return of(after)
  if (of(before) === of(after)) return <span className={style['note']}>{of(after)}</span>
  return (
    <span>
      <span className={style['note']}>{of(before)} →</span> <b>{of(after)}</b>
    </span>
  )
}
