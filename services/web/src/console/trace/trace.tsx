import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { shop } from '../../api.ts'
import { duration } from '../../format.ts'
import { useConsoleMessages } from '../../messages/messages.tsx'
import { Bone, Trouble } from '../../parts/panel.tsx'
import style from './trace.module.css'
import { type Row, rowsOf } from './tree.ts'

/** Where the time of an order went, process by process. Asked for when it is opened: every process is asked. */
export function TracePanel({ orderId, isFinal }: { orderId: string; isFinal: boolean }) {
  const { console: texts } = useConsoleMessages()
  const [isOpen, setOpen] = useState(false)
  const { data, error, refetch } = useQuery({
    queryKey: ['ops', 'trace', orderId, isFinal],
    queryFn: ({ signal }) =>
      shop.ask('GET', '/ops/orders/:order_id/trace', { params: { order_id: orderId }, signal }),
    enabled: isOpen,
  })
  const { rows, totalMs } = rowsOf(data ?? { spans: [] })
  const processes = new Set(rows.map(({ span }) => span.instance))
  return (
    <details className={style['panel']} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{texts.trace.title}</summary>
      {error && <Trouble error={error} onRetry={() => void refetch()} />}
      {isOpen && data === undefined && !error && <Bone height={240} />}
      {data !== undefined && (
        <>
          <p>
            {rows.length === 0
              ? texts.trace.none
              : texts.trace.sum(rows.length, processes.size, duration(totalMs))}
          </p>
          <ol className={style['rows']}>
            {rows.map((row) => (
              <SpanRow key={row.span.span_id} row={row} />
            ))}
          </ol>
          {data.trace_ids.map((id) => (
            <p key={id} className={style['id']}>
              {texts.trace.id} <code>{id}</code>
            </p>
          ))}
        </>
      )}
    </details>
  )
}

const percent = (share: number) => `${(share * 100).toFixed(2)}%`

function SpanRow({ row: { span, depth, from, share } }: { row: Row }) {
  const details = Object.entries(span.attributes).map(([name, value]) => `${name} ${value}`)
  return (
    <li className={style['row']} title={[span.error, ...details].filter(Boolean).join('\n')}>
      <span className={style['name']} style={{ paddingLeft: `${depth * 12}px` }}>
        <b>{span.name}</b> <span>{span.instance}</span>
      </span>
      <span className={style['track']} aria-hidden="true">
        <span
          className={`${style['bar']} ${style[span.error === null ? span.kind : 'failed']}`}
          style={{ left: percent(from), width: percent(share) }}
        />
      </span>
      <span className={style['time']}>{duration(span.duration_ms)}</span>
      {span.error !== null && <span className={style['error']}>{span.error}</span>}
    </li>
  )
}
