import { age, duration, money } from '../format.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Bone, Trouble } from '../parts/panel.tsx'
import { State } from '../parts/state.tsx'
import { useNow } from '../parts/use-now.ts'
import style from './console.module.css'
import table from './table.module.css'
import { decimal, percent } from './figures.ts'
import { answeringIn, judgementOf, worstFirst } from './judgement.ts'
import { Age } from './age.tsx'
import { ByMinute } from './by-minute.tsx'
import { type Overview as Seen, useOverview, usePromises, useSeries } from './queries.ts'
import { Spark } from './spark.tsx'

export function Overview() {
  const { console: texts } = useConsoleMessages()
  const { data, error, refetch, dataUpdatedAt } = useOverview()
  const now = useNow()
  return (
    <>
      <PageTitle title={texts.overview.nav}>
        {data === undefined ? texts.overview.nav : judgementOf(data, now, texts)}
      </PageTitle>
      {error && <Trouble error={error} onRetry={() => void refetch()} />}
      {data === undefined && !error && <Bone height={360} />}
      {data !== undefined && (
        <>
          <Age updatedAt={dataUpdatedAt} incomplete={data.incomplete} />
          <Figures orders={data.orders} />
          <ByMinute />
          <div className={style['panels']}>
            <Services services={data.services} />
            <Happened marks={data.marks} />
          </div>
        </>
      )}
    </>
  )
}

function Figures({ orders }: { orders: Seen['orders'] }) {
  const { console: texts } = useConsoleMessages()
  const { data: series } = useSeries('accepted_per_s,completed_p50_ms')
  const { data: promises } = usePromises()
  const valuesOf = (name: string) => series?.series.find((one) => one.name === name)?.values ?? []
  const checkable = promises?.items.filter(({ state }) => state === 'kept' || state === 'broken') ?? []
  const kept = checkable.filter(({ state }) => state === 'kept').length
  const {
    accepted_per_s,
    completed_p50_ms: p50,
    completed_p99_ms: p99,
    captured_minor,
    refunded_minor,
  } = orders
  return (
    <div className={style['cells']}>
      <div className={style['cell']}>
        <p className={style['label']}>{texts.overview.accepted}</p>
        <p className={style['figure']}>
          {decimal(accepted_per_s)} <small>{texts.overview.perS}</small>
        </p>
        <Spark values={valuesOf('accepted_per_s')} label={texts.overview.acceptedLine} />
      </div>
      <div className={style['cell']}>
        <p className={style['label']}>{texts.overview.completed}</p>
        <p className={style['figure']}>
          {p50 === null ? '—' : duration(p50)} / {p99 === null ? '—' : duration(p99)}
        </p>
        <Spark values={valuesOf('completed_p50_ms')} label={texts.overview.completedLine} />
      </div>
      <div className={style['cell']}>
        <p className={style['label']}>{texts.overview.captured}</p>
        <p className={style['figure']}>{captured_minor === null ? '—' : money(captured_minor)}</p>
        <p className={style['note']}>
          {texts.overview.refunded(refunded_minor === null ? '—' : money(refunded_minor), orders.undone)}
        </p>
      </div>
      <div className={style['cell']}>
        <p className={style['label']}>{texts.overview.promises}</p>
        <p className={style['figure']}>
          {checkable.length === 0 ? '—' : kept} <small>{texts.overview.of(checkable.length)}</small>
        </p>
        <p className={style['note']}>
          {checkable.length === 0 ? texts.books.never : texts.overview.compared(promises?.orders ?? 0)}
        </p>
      </div>
    </div>
  )
}

function Services({ services }: { services: Seen['services'] }) {
  const { console: texts, services: names } = useConsoleMessages()
  const columns = texts.overview.columns
  return (
    <section aria-labelledby="services">
      <h2 id="services">{texts.overview.services}</h2>
      <table className={table['table']}>
        <thead>
          <tr>
            <th>{columns.service}</th>
            <th>{columns.instances}</th>
            <th className={table['n']}>{columns.rate}</th>
            <th className={table['n']}>{columns.errors}</th>
            <th className={table['n']}>{columns.p99}</th>
            <th className={table['n']}>{columns.lag}</th>
            <th className={table['n']}>{columns.outbox}</th>
          </tr>
        </thead>
        <tbody>
          {worstFirst(services).map((service) => {
            const { figures, expected } = service
            const answering = answeringIn(service)
            const kind = answering >= expected ? 'ok' : answering === 0 ? 'bad' : 'wait'
            return (
              <tr key={service.service}>
                <td data-label={columns.service}>
                  {names[service.service as keyof typeof names] ?? service.service}
                </td>
                <td data-label={columns.instances}>
                  <State kind={kind}>{texts.of(answering, expected)}</State>
                </td>
                <td data-label={columns.rate} className={table['n']}>
                  {decimal(figures.requests_per_s)}
                </td>
                <td data-label={columns.errors} className={table['n']}>
                  {percent(figures.error_share)}
                </td>
                <td data-label={columns.p99} className={table['n']}>
                  {figures.p99_ms === null ? '—' : duration(figures.p99_ms)}
                </td>
                <td data-label={columns.lag} className={table['n']}>
                  {figures.lag_records ?? '—'}
                </td>
                <td data-label={columns.outbox} className={table['n']}>
                  {figures.outbox_pending ?? '—'}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </section>
  )
}

const SHOWN_MARKS = 12

function Happened({ marks }: { marks: Seen['marks'] }) {
  const { console: texts } = useConsoleMessages()
  const now = useNow()
  return (
    <section aria-labelledby="happened">
      <h2 id="happened">{texts.overview.happened}</h2>
      {marks.length === 0 && <p className={style['sub']}>{texts.overview.nothing}</p>}
      <ol className={style['marks']}>
        {marks.slice(0, SHOWN_MARKS).map(({ id, at, name, what, who, reason }) => (
          <li key={id}>
            <time dateTime={at}>{age(now - Date.parse(at))}</time>
            <span>
              <b>{name}</b> {what}
              {who !== null && <span className={style['note']}> {texts.overview.by(who, reason)}</span>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}
