import { Link } from 'react-router'
import { duration } from '../format.ts'
import type { Messages } from '../messages/en.ts'
import { useMessages } from '../messages/messages.tsx'
import { Button, ButtonLink } from '../parts/button.tsx'
import { Trouble } from '../parts/panel.tsx'
import { useToast } from '../parts/toast.tsx'
import type { Report } from './experiment.ts'
import style from './lab.module.css'

/** What is known while it runs; a dash is not known yet, and no nought. */
export function Figures({ report }: { report: Report | undefined }) {
  const { lab: texts, status } = useMessages()
  const { tally, mine, struck = [] } = report ?? {}
  const figures: [label: string, figure: string | number | undefined, look?: string | undefined][] = [
    [texts.figures.mine, mine && status[mine.order.status], style['gold']],
    [texts.figures.accepted, tally?.accepted],
    [texts.figures.ended, tally?.ended],
    [texts.figures.refused, tally?.refused],
    [texts.figures.killed, struck.length === 0 ? undefined : struck.map(({ name }) => name).join(', ')],
  ]
  return (
    <dl className={style['figures']}>
      {figures.map(([label, figure, look]) => (
        <div key={label} className={look}>
          <dt>{label}</dt>
          <dd>{figure ?? '—'}</dd>
        </div>
      ))}
    </dl>
  )
}

/** The sentences that answer the question, as they become known. */
export function Verdict({ report, victim }: { report: Report | undefined; victim: string }) {
  const messages = useMessages()
  const { lab: texts } = messages
  const toast = useToast()
  if (report === undefined) return null
  const lines = linesOf(report, messages)
  const isGood = report.phase === 'done' && isAllRight(report)
  const look = isGood ? style['good'] : report.phase === 'done' ? style['broken'] : ''
  const copy = async () => {
    await navigator.clipboard.writeText([texts.killed(victim), ...lines].join('\n'))
    toast({ text: texts.copied })
  }
  return (
    <section className={`${style['verdict']} ${look}`} aria-labelledby="verdict">
      <h2 id="verdict" role="status">
        {report.phase === 'done' ? (isGood ? texts.good : texts.notGood) : texts.phases[report.phase]}
      </h2>
      <ul>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {report.error && <Trouble error={report.error} />}
      {report.phase === 'done' && (
        <div className={style['row']}>
          <Button look="quiet" size="small" onClick={() => void copy()}>
            {texts.copy}
          </Button>
          {report.mine && (
            <ButtonLink look="quiet" size="small" to={`/shop/orders/${report.mine.order.order_id}`}>
              {texts.showOrder}
            </ButtonLink>
          )}
          <Link to="/console/books">{texts.showBooks}</Link>
        </div>
      )}
    </section>
  )
}

function isAllRight({ mine, tally, books, error }: Report): boolean {
  return (
    error === undefined &&
    mine?.order.status === 'COMPLETED' &&
    mine.capturedMinor === mine.order.amount_minor &&
    tally.ended === tally.accepted &&
    books !== undefined &&
    books.broken.length === 0
  )
}

function linesOf({ mine, tally, books, phase }: Report, { lab: texts, status }: Messages): string[] {
  const lines: string[] = []
  if (mine?.capturedMinor !== undefined) {
    const isOnce = mine.capturedMinor === mine.order.amount_minor
    lines.push(texts.mine(status[mine.order.status].toLowerCase(), duration(mine.tookMs), isOnce))
  }
  if (phase === 'checking' || phase === 'done')
    lines.push(texts.crowd(tally.accepted, tally.ended, tally.refused))
  if (books !== undefined) lines.push(texts.books(books.kept, books.checkable, books.broken.join(', ')))
  return lines
}
