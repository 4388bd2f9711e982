import type { Answer, RouteOf } from '@lepton/client/api'
import { useQuery } from '@tanstack/react-query'
import { shop } from '../api.ts'
import { duration } from '../format.ts'
import type { ConsoleMessages } from '../messages/en-console.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { State } from '../parts/state.tsx'
import style from './console.module.css'
import { decimal, percent, span } from './figures.ts'
import { LivePage } from './live-page.tsx'
import { figure, Table, TwoFigures } from './table.tsx'

type View = Answer<RouteOf<'GET', '/ops/queues'>>
type Station = View['stations'][number]

/** The consumers as queues: what the mathematics predict beside what is measured. */
export function Queues() {
  const { console: texts } = useConsoleMessages()
  const words = texts.queues
  const query = useQuery({
    queryKey: ['ops', 'queues'],
    queryFn: ({ signal }) => shop.ask('GET', '/ops/queues', { signal }),
    refetchInterval: 2_000,
  })
  return (
    <LivePage name={words.nav} query={query} sentence={(data) => sentence(data, words)}>
      {(data) => (
        <>
          <Stations stations={data.stations} />
          <Path path={data.path} />
          <section className={style['panel']}>
            <h2>{words.model}</h2>
            {words.modelText.map((text) => (
              <p key={text} className={style['note']}>
                {text}
              </p>
            ))}
          </section>
        </>
      )}
    </LivePage>
  )
}

function sentence({ stations }: View, words: ConsoleMessages['queues']): string {
  const saturated = stations.filter(({ ends }) => ends === 'saturated')
  if (saturated.length > 0)
    return words.saturated(saturated.map(({ service, topic }) => `${service} ← ${topic}`).join(', '))
  const known = stations.filter(({ utilisation }) => utilisation !== null)
  const [busiest] = known.toSorted((a, b) => (b.utilisation ?? 0) - (a.utilisation ?? 0))
  return busiest === undefined
    ? words.quiet
    : words.busiest(`${busiest.service} ← ${busiest.topic}`, percent(busiest.utilisation))
}

function Stations({ stations }: { stations: readonly Station[] }) {
  const { console: texts } = useConsoleMessages()
  const words = texts.queues
  const { columns } = words
  return (
    <section className={style['panel']} aria-labelledby="stations">
      <h2 id="stations">{words.stations}</h2>
      <Table
        columns={[
          { label: columns.station },
          figure(columns.arrivals),
          figure(columns.handled),
          figure(columns.servers),
          figure(columns.utilisation),
          figure(columns.batch),
          figure(columns.wait),
          figure(columns.time),
          figure(columns.length),
          figure(columns.error),
          figure(columns.drain),
          { label: columns.ends },
        ]}
        rows={stations.map((one) => ({
          key: `${one.service} ${one.topic}`,
          cells: [
            `${one.service} ← ${one.topic}`,
            decimal(one.arrivals_per_s),
            decimal(one.handled_per_s),
            one.servers ?? '—',
            percent(one.utilisation),
            decimal(one.batch),
            span(one.predicted.wait_ms),
            <TwoFigures key="time" of={[span(one.predicted.time_ms), span(one.measured.time_ms)]} />,
            <TwoFigures key="length" of={[decimal(one.predicted.length), decimal(one.measured.length)]} />,
            percent(one.error_share),
            one.drain_s === null ? '—' : duration(one.drain_s * 1_000),
            <Verdict key="ends" station={one} />,
          ],
        }))}
      />
    </section>
  )
}

/** An error beyond this is no prediction. */
const TRUSTED_ERROR = 0.25

function Verdict({ station: { ends, error_share } }: { station: Station }) {
  const { console: texts } = useConsoleMessages()
  const words = texts.queues
  if (ends !== null) return <State kind={ends === 'saturated' ? 'bad' : 'none'}>{words.ends[ends]}</State>
  const isTrusted = error_share !== null && Math.abs(error_share) <= TRUSTED_ERROR
  return <State kind={isTrusted ? 'ok' : 'wait'}>{isTrusted ? words.holds : words.errs}</State>
}

function Path({ path }: { path: View['path'] }) {
  const { console: texts } = useConsoleMessages()
  const words = texts.queues
  const events = texts.timeline.events as Partial<Record<string, string>>
  return (
    <section className={style['panel']} aria-labelledby="path">
      <h2 id="path">{words.path}</h2>
      {path === null && <p>{words.noPath}</p>}
      {path !== null && (
        <>
          <p className={style['note']}>
            {words.pathOf(path.orders, percent(path.share), span(path.measured_ms), span(path.predicted_ms))}
          </p>
          <Table
            columns={[
              { label: words.columns.step },
              { label: words.columns.by },
              figure(words.columns.measured),
              figure(words.columns.predicted),
            ]}
            rows={path.steps.map((step) => ({
              key: `${step.from} ${step.to}`,
              cells: [
                `${events[step.from] ?? step.from} → ${events[step.to] ?? step.to}`,
                step.service,
                span(step.measured_ms),
                span(step.predicted_ms),
              ],
            }))}
          />
        </>
      )}
    </section>
  )
}
