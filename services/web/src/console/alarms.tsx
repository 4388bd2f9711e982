import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { shop } from '../api.ts'
import { age, duration, exactTime } from '../format.ts'
import type { ConsoleMessages } from '../messages/en-console.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { State } from '../parts/state.tsx'
import { useNow } from '../parts/use-now.ts'
import { AlarmDialog, type AlarmAct } from './alarm-dialog.tsx'
import style from './console.module.css'
import { percent } from './figures.ts'
import type { Alarm, Alarms as View } from './queries.ts'
import { LivePage } from './live-page.tsx'
import { figure, Table } from './table.tsx'
import table from './table.module.css'

const KINDS = { firing: 'bad', pending: 'wait', no_data: 'none', ok: 'ok', elsewhere: 'none' } as const

/** What is watched, what it is now, and what was raised and cleared. */
export function Alarms() {
  const { console: texts } = useConsoleMessages()
  const words = texts.alarms
  const query = useQuery({
    queryKey: ['ops', 'alarms'],
    queryFn: ({ signal }) => shop.ask('GET', '/ops/alarms', { signal }),
    refetchInterval: 2_000,
  })
  const [act, setAct] = useState<AlarmAct>()
  return (
    <>
      <LivePage name={words.nav} query={query} sentence={(data) => sentence(data, words)}>
        {(data) => (
          <>
            <Watched alarms={data.items} onAct={setAct} />
            <History data={data} />
          </>
        )}
      </LivePage>
      <AlarmDialog act={act} onClose={() => setAct(undefined)} />
    </>
  )
}

function sentence({ items }: View, words: ConsoleMessages['alarms']): string {
  const of = (state: Alarm['state']) => items.filter((alarm) => alarm.state === state)
  const [firing, pending] = [of('firing'), of('pending')]
  if (firing.length > 0) return words.firing(firing.map(({ name }) => words.name(name)).join(', '))
  if (pending.length > 0) return words.pending(pending.length)
  return words.quiet(of('ok').length, of('no_data').length)
}

function valueOf(value: number | null, unit: Alarm['unit']): string {
  if (value === null) return '—'
  if (unit === 's') return duration(value * 1_000)
  return unit === 'share' ? percent(value) : String(Math.round(value * 100) / 100)
}

function Watched({ alarms, onAct }: { alarms: readonly Alarm[]; onAct: (act: AlarmAct) => void }) {
  const { console: texts } = useConsoleMessages()
  const words = texts.alarms
  const now = useNow()
  return (
    <section className={style['panel']} aria-labelledby="watched">
      <h2 id="watched">{words.list}</h2>
      <Table
        columns={[
          { label: words.columns.alarm },
          { label: words.columns.state },
          figure(words.columns.value),
          figure(words.columns.limit),
          { label: words.columns.severity },
          { label: words.columns.acts },
        ]}
        rows={alarms.map((alarm) => {
          const [worst] = alarm.lines
          const limit = `${words.limit(alarm.over, valueOf(alarm.threshold, alarm.unit))} ${words.for(alarm.for_s)}`
          const usual = `${words.limit(alarm.over, valueOf(alarm.default_threshold, alarm.unit))} ${words.for(alarm.default_for_s)}`
          const isWatched = alarm.state !== 'elsewhere'
          return {
            key: alarm.name,
            cells: [
              <span key="name">
                {words.name(alarm.name)}{' '}
                {alarm.state !== 'ok' && (
                  <span className={style['note']}>{Object.values(worst?.labels ?? {}).join(', ')}</span>
                )}
              </span>,
              <span key="state">
                <State kind={KINDS[alarm.state]}>{words.states[alarm.state]}</State>
                {worst !== undefined && (
                  <span className={style['note']}> {age(now - Date.parse(worst.since))}</span>
                )}
                {alarm.silent_until !== null && (
                  <span className={style['note']}>
                    {' · '}
                    {words.silent(age(Date.parse(alarm.silent_until) - now))}
                  </span>
                )}
              </span>,
              valueOf(worst?.value ?? null, alarm.unit),
              limit === usual ? limit : `${limit} (${words.usual(usual)})`,
              words.severities[alarm.severity],
              isWatched ? (
                <span key="acts" className={table['acts']}>
                  {(['set', 'silence'] as const).map((kind) => (
                    <button
                      key={kind}
                      type="button"
                      className={table['act']}
                      aria-label={words[`${kind}Of`](words.name(alarm.name))}
                      onClick={() => onAct({ kind, alarm })}
                    >
                      {words[kind]}
                    </button>
                  ))}
                </span>
              ) : (
                '—'
              ),
            ],
          }
        })}
      />
    </section>
  )
}

function History({ data }: { data: View }) {
  const { console: texts } = useConsoleMessages()
  const words = texts.alarms
  const now = useNow()
  const { webhook } = data
  return (
    <section className={style['panel']} aria-labelledby="history">
      <h2 id="history">{words.history}</h2>
      <p className={style['note']}>
        {webhook === null
          ? words.noWebhook
          : words.webhook(webhook.delivered, webhook.waiting, webhook.given_up)}
      </p>
      {!data.is_history_kept && <State kind="wait">{words.notKept}</State>}
      {data.history.length === 0 && <p>{words.nothing}</p>}
      {data.history.length > 0 && (
        <Table
          columns={[
            figure(words.columns.when),
            { label: words.columns.kind },
            { label: words.columns.alarm },
            { label: words.columns.what },
          ]}
          rows={data.history.map(({ at, kind, name, labels, what }) => ({
            key: `${at} ${kind} ${name} ${Object.values(labels).join(' ')}`,
            cells: [
              <time key="at" dateTime={at} title={exactTime(at)}>
                {age(now - Date.parse(at))}
              </time>,
              <State key="kind" kind={kind === 'raised' ? 'bad' : 'ok'}>
                {words.kinds[kind]}
              </State>,
              words.name(name),
              <span key="what" className={table['wrap']}>
                {what}
              </span>,
            ],
          }))}
        />
      )}
    </section>
  )
}
