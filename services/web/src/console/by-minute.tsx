import { money } from '../format.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import style from './console.module.css'
import { useWindows } from './queries.ts'
import { Spark } from './spark.tsx'

const MINUTES = 60

/** The last hour by the minute of event time, as the streams have it. */
export function ByMinute() {
  const { console: texts } = useConsoleMessages()
  const { data } = useWindows()
  if (data === undefined || !data.is_current) return null
  const { windows } = data
  const sum = (of: (window: (typeof windows)[number]) => number) =>
    windows.reduce((all, window) => all + of(window), 0)
  const cancelled = new Map<string, number>()
  for (const window of windows) {
    for (const [reason, count] of Object.entries(window.cancelled))
      cancelled.set(reason, (cancelled.get(reason) ?? 0) + count)
  }
  const words: Partial<Record<string, string>> = texts.byMinute.reasons
  const reasons = [...cancelled].sort(([, a], [, b]) => b - a)
  const refunded = sum(({ refunded_minor }) => refunded_minor)
  return (
    <section aria-labelledby="by-minute" className={style['hour']}>
      <h2 id="by-minute">{texts.byMinute.title}</h2>
      <div className={style['cells']}>
        <Cell
          label={texts.byMinute.orders}
          figure={String(sum(({ orders }) => orders))}
          values={windows.map(({ orders }) => orders)}
          line={texts.byMinute.ordersLine}
        />
        <Cell
          label={texts.byMinute.revenue}
          figure={money(sum(({ revenue_minor }) => revenue_minor))}
          values={windows.map(({ revenue_minor }) => revenue_minor)}
          line={texts.byMinute.revenueLine(money(refunded))}
        />
        <Cell
          label={texts.byMinute.inFlight}
          figure={money(windows.at(-1)?.in_flight_minor ?? 0)}
          values={windows.map(({ in_flight_minor }) => in_flight_minor)}
          line={texts.byMinute.inFlightLine}
        />
        <div className={style['cell']}>
          <p className={style['label']}>{texts.byMinute.cancelled}</p>
          <p className={style['figure']}>{reasons.reduce((all, [, count]) => all + count, 0)}</p>
          <p className={style['note']}>
            {reasons.map(([reason, count]) => `${count} ${words[reason] ?? reason}`).join(' · ')}
          </p>
        </div>
      </div>
    </section>
  )
}

function Cell({
  label,
  figure,
  values,
  line,
}: {
  label: string
  figure: string
  values: readonly number[]
  line: string
}) {
  return (
    <div className={style['cell']}>
      <p className={style['label']}>{label}</p>
      <p className={style['figure']}>{figure}</p>
      <Spark values={[...Array<number>(MINUTES - values.length).fill(0), ...values]} label={line} />
    </div>
  )
}
