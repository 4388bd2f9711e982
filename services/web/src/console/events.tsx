import type { Answer, RouteOf } from '@lepton/client/api'
import { useQuery } from '@tanstack/react-query'
import { shop } from '../api.ts'
import { duration } from '../format.ts'
import type { ConsoleMessages } from '../messages/en-console.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { State } from '../parts/state.tsx'
import style from './console.module.css'
import { decimal, span } from './figures.ts'
import { RepublishForm } from './republish-form.tsx'
import { LivePage } from './live-page.tsx'
import { figure, Table } from './table.tsx'
import table from './table.module.css'

type View = Answer<RouteOf<'GET', '/ops/streams'>>
type Stream = View['streams'][number]

const SIGNED = new Intl.NumberFormat('en', {
  signDisplay: 'negative',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
})
const signed = (value: number | null) => (value === null ? '—' : SIGNED.format(value))
const seconds = (value: number | null) => (value === null ? '—' : duration(value * 1_000))

/** How events travel: who is how far behind, by the word of the broker, and what waits to be published. */
export function Events() {
  const { console: texts } = useConsoleMessages()
  const words = texts.events
  const query = useQuery({
    queryKey: ['ops', 'streams'],
    queryFn: ({ signal }) => shop.ask('GET', '/ops/streams', { signal }),
    refetchInterval: 2_000,
  })
  return (
    <LivePage name={words.nav} query={query} sentence={(data) => sentence(data, words)}>
      {(data) => (
        <>
          <Groups streams={data.streams} />
          <Outboxes outboxes={data.outboxes} />
          <RepublishForm />
        </>
      )}
    </LivePage>
  )
}

function sentence({ broker_at, streams }: View, words: ConsoleMessages['events']): string {
  if (broker_at === null) return words.unknown
  const behind = streams.filter(({ lag_s }) => (lag_s ?? 0) > BEHIND_S)
  if (behind.length === 0) return words.level
  return words.behind(
    behind
      .map(({ service, topic, lag_records }) => `${service} ← ${topic} (${lag_records ?? '—'})`)
      .join(', '),
  )
}

/** The broker is asked every four seconds: what waits for less was not there at the last look. */
const BEHIND_S = 5

function Groups({ streams }: { streams: readonly Stream[] }) {
  const { console: texts } = useConsoleMessages()
  const words = texts.events
  const { columns } = words
  return (
    <section className={style['panel']} aria-labelledby="groups">
      <h2 id="groups">{words.groups}</h2>
      <Table
        columns={[
          { label: columns.group },
          figure(columns.lag),
          figure(columns.age),
          figure(columns.appended),
          figure(columns.consumed),
          figure(columns.trend),
          figure(columns.clear),
          figure(columns.repeated),
          figure(columns.blocked),
          { label: columns.owners },
        ]}
        rows={streams.map((one) => ({
          key: `${one.service} ${one.topic}`,
          cells: [
            `${one.service} ← ${one.topic}`,
            one.lag_records ?? '—',
            seconds(one.lag_s),
            decimal(one.appended_per_s),
            decimal(one.consumed_per_s),
            signed(one.trend_per_s),
            one.clear_in_s === null && (one.lag_records ?? 0) > 0 ? (
              <span key="clear" className={table['narrow']}>
                <State kind="wait">{words.grows}</State>
              </span>
            ) : (
              seconds(one.clear_in_s)
            ),
            one.repeated ?? '—',
            one.blocked ?? '—',
            <Owners key="owners" partitions={one.partitions} />,
          ],
        }))}
      />
    </section>
  )
}

/** Who reads how many partitions; what is read by none is a state of its own. */
function Owners({ partitions }: Pick<Stream, 'partitions'>) {
  const { console: texts } = useConsoleMessages()
  if (partitions.length === 0) return '—'
  const counts = [...Map.groupBy(partitions, ({ owner }) => owner)]
  const owned = counts.flatMap(([owner, own]) => (owner === null ? [] : [`${owner}: ${own.length}`]))
  const lost = counts.find(([owner]) => owner === null)?.[1].length ?? 0
  return (
    <span>
      {owned.sort().map((text) => (
        <span key={text} className={table['together']}>
          {text}{' '}
        </span>
      ))}{' '}
      {lost > 0 && (
        <span className={table['narrow']}>
          <State kind="bad">{texts.events.unowned(lost)}</State>
        </span>
      )}
    </span>
  )
}

function Outboxes({ outboxes }: Pick<View, 'outboxes'>) {
  const { console: texts } = useConsoleMessages()
  const words = texts.events
  return (
    <section className={style['panel']} aria-labelledby="outboxes">
      <h2 id="outboxes">{words.outboxes}</h2>
      <Table
        columns={[
          { label: words.columns.service },
          figure(words.columns.pending),
          figure(words.columns.oldest),
          figure(words.columns.published),
          figure(words.columns.ack),
          { label: words.columns.shards },
        ]}
        rows={outboxes.map((one) => ({
          key: one.service,
          cells: [
            one.service,
            one.pending ?? '—',
            seconds(one.oldest_s),
            decimal(one.published_per_s),
            span(one.publish_ms),
            one.shards.length === 0
              ? '—'
              : one.shards.map(({ instance, held }) => `${instance} ${held ?? '—'}`).join(', '),
          ],
        }))}
      />
    </section>
  )
}
