import { useState } from 'react'
import { Link } from 'react-router'
import { age } from '../format.ts'
import { LivePlate } from '../live/live-plate.tsx'
import { usePulse } from '../live/pulse.ts'
import { countInstances, type Pulse, silentIn } from '../live/pulse-words.ts'
import { useMessages } from '../messages/messages.tsx'
import { ButtonLink } from '../parts/button.tsx'
import { PageTitle } from '../parts/page.tsx'
import { useNow } from '../parts/use-now.ts'
import style from './landing.module.css'

export function Landing() {
  const { landing: texts } = useMessages()
  return (
    <>
      <section className={style['hero']}>
        <div className={style['say']}>
          <PageTitle title={texts.title} className={style['title'] ?? ''}>
            {texts.title}
          </PageTitle>
          <p className={style['lead']}>{texts.lead}</p>
          <div className={style['row']}>
            <ButtonLink to="/lab">{texts.buyAndKill}</ButtonLink>
            <ButtonLink to="/shop" look="quiet">
              {texts.justShop}
            </ButtonLink>
          </div>
          <p className={style['small']}>{texts.honest}</p>
        </div>
        <LivePlate
          className={style['plate'] ?? ''}
          label={(pulse) => texts.plate(pulse?.orders.in_flight ?? undefined)}
          caption={(pulse, isLive) => (
            <>
              <span>{texts.legend}</span>
              <span>{whatIsNow(pulse, isLive, texts.now)}</span>
            </>
          )}
        />
      </section>
      <Books />
      <h2 className="visually-hidden">{texts.tryTitle}</h2>
      <ol className={style['try']}>
        <Try to="/lab" {...texts.kill} />
        <Try to="/lab/patterns" {...texts.leave} />
        <Try to="/shop" {...texts.follow} />
        <Try to="/console" {...texts.watch} />
      </ol>
    </>
  )
}

function whatIsNow(
  pulse: Pulse | undefined,
  isLive: boolean,
  texts: ReturnType<typeof useMessages>['landing']['now'],
): string {
  if (pulse === undefined || !isLive) return texts.unknown
  const silent = silentIn(pulse.services)
  if (silent.length > 0) return texts.silent(silent.join(', '))
  return texts.all(countInstances(pulse.services).answering)
}

/** What the last comparison of all orders found; a figure that is not known is a dash. */
function Books() {
  const { landing: texts } = useMessages()
  const { pulse } = usePulse()
  const now = useNow()
  const [began] = useState(now)
  const orders = pulse?.orders.accepted
  const books = pulse?.books
  const unknown = books === null || (pulse === undefined && now - began > 3_000)
  const checked = books && texts.facts.checked(age(now - Date.parse(books.checked_at)))
  const figures: [number | null | undefined, string][] = [
    [orders, texts.facts.orders],
    [books?.lost, texts.facts.lost],
    [books?.charged_twice, texts.facts.twice],
    [books?.oversold, texts.facts.oversold],
    [pulse?.kills, texts.facts.kills],
  ]
  return (
    <section aria-label={texts.facts.title}>
      <dl className={style['facts']}>
        {figures.map(([figure, label]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{figure ?? '—'}</dd>
          </div>
        ))}
      </dl>
      <p className={style['checked']}>{unknown ? texts.facts.unknown : (checked ?? texts.facts.asking)}</p>
    </section>
  )
}

function Try({ to, title, text }: { to: string; title: string; text: string }) {
  return (
    <li>
      <h3>
        <Link to={to}>{title}</Link>
      </h3>
      <p>{text}</p>
    </li>
  )
}
