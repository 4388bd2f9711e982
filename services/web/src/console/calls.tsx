import type { Answer, RouteOf } from '@lepton/client/api'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { shop } from '../api.ts'
import { duration } from '../format.ts'
import type { ConsoleMessages } from '../messages/en-console.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { State } from '../parts/state.tsx'
import style from './console.module.css'
import { decimal, percent, span } from './figures.ts'
import { SettingDialog, type SettingAct } from './setting-dialog.tsx'
import { Settings } from './settings-panel.tsx'
import { LivePage } from './live-page.tsx'
import { figure, Table, TwoFigures } from './table.tsx'
import table from './table.module.css'

type View = Answer<RouteOf<'GET', '/ops/mesh'>>
type Pair = View['pairs'][number]

/** Who calls whom, instance by instance, and the settings of the mesh. */
export function Calls() {
  const { console: texts } = useConsoleMessages()
  const words = texts.calls
  const query = useQuery({
    queryKey: ['ops', 'mesh'],
    queryFn: ({ signal }) => shop.ask('GET', '/ops/mesh', { signal }),
    refetchInterval: 2_000,
  })
  const [act, setAct] = useState<SettingAct>()
  return (
    <>
      <LivePage name={words.nav} query={query} sentence={(data) => sentence(calledIn(data), words)}>
        {(data) => (
          <>
            {calledIn(data).map((pair) => (
              <OnePair key={`${pair.caller} ${pair.target}`} pair={pair} onAct={setAct} />
            ))}
            <Settings view={data} onAct={setAct} />
          </>
        )}
      </LivePage>
      <SettingDialog act={act} onClose={() => setAct(undefined)} />
    </>
  )
}

/** Those that are not called last: most of them are only watched. */
const calledIn = ({ pairs }: View) =>
  pairs
    .filter(({ endpoints }) => endpoints.length > 0)
    .toSorted((a, b) => (b.calls_per_s ?? 0) - (a.calls_per_s ?? 0))

function sentence(pairs: readonly Pair[], words: ConsoleMessages['calls']): string {
  const open = pairs.filter(({ breakers }) => breakers.some(({ state }) => state === 'open'))
  const name = ({ caller, target }: Pair) => `${caller} → ${target}`
  if (open.length > 0) return words.open(open.map(name).join(', '))
  const ejected = pairs.flatMap(({ endpoints }) =>
    endpoints.filter(({ standing }) => standing === 'ejected').map(({ instance }) => instance),
  )
  if (ejected.length > 0) return words.ejected([...new Set(ejected)].join(', '))
  return pairs.length === 0 ? words.unknown : words.quiet
}

const KINDS = { healthy: 'ok', unverified: 'wait', ejected: 'bad', gone: 'none' } as const

function OnePair({ pair, onAct }: { pair: Pair; onAct: (act: SettingAct) => void }) {
  const { console: texts } = useConsoleMessages()
  const words = texts.calls
  const { caller, target, endpoints } = pair
  const id = `pair-${caller}-${target}`
  return (
    <section className={style['panel']} aria-labelledby={id}>
      <div className={style['head']}>
        <h2 id={id}>
          {caller} → {target}
        </h2>
        <Signs pair={pair} />
        <button
          type="button"
          className={table['act']}
          aria-label={words.tune(caller, target)}
          onClick={() =>
            onAct({ key: `edges/${caller}/${target}`, value: `{"policy":"${pair.policies[0]}"}` })
          }
        >
          {words.tuneShort}
        </button>
      </div>
      <p className={style['note']}>
        {words.figures(
          decimal(pair.calls_per_s),
          percent(pair.success_share),
          span(pair.p50_ms),
          span(pair.p99_ms),
        )}{' '}
        {words.retries(decimal(pair.retried_per_s), decimal(pair.budget))}{' '}
        {words.policy(pair.policies.join(', '))}{' '}
        {pair.discovery_age_s !== null && words.age(duration(pair.discovery_age_s * 1_000))}
      </p>
      <Table
        columns={[
          { label: words.columns.instance },
          { label: words.columns.standing },
          { label: words.columns.way },
          figure(words.columns.share),
          figure(words.columns.rate),
          figure(words.columns.success),
          figure(words.columns.p50),
          figure(words.columns.p99),
          figure(words.columns.pending),
          { label: words.columns.acts },
        ]}
        rows={endpoints.map((one) => ({
          key: one.instance,
          cells: [
            one.instance,
            <State key="standing" kind={one.is_drained ? 'move' : KINDS[one.standing]}>
              {one.is_drained ? words.drained : words.standings[one.standing]}
              {one.ejected_for_s !== null && ` ${duration(one.ejected_for_s * 1_000)}`}
            </State>,
            `${one.transports.join(', ') || '—'}${one.is_encrypted === true ? ' · TLS' : ''}`,
            <TwoFigures key="share" of={[percent(one.share), percent(one.expected_share)]} />,
            decimal(one.calls_per_s),
            percent(one.success_share),
            span(one.p50_ms),
            span(one.p99_ms),
            one.pending,
            <button
              key="drain"
              type="button"
              className={table['act']}
              aria-label={words[one.is_drained ? 'undrain' : 'drain'](one.instance)}
              onClick={() =>
                onAct({
                  key: `instances/${target}/${one.instance}`,
                  ...(!one.is_drained && { value: '{"drain":true}' }),
                })
              }
            >
              {one.is_drained ? words.undrainShort : words.drainShort}
            </button>,
          ],
        }))}
      />
    </section>
  )
}

/** What is wrong between the two, if anything is. */
function Signs({ pair: { breakers, is_panicking } }: { pair: Pair }) {
  const { console: texts } = useConsoleMessages()
  const words = texts.calls
  return (
    <>
      {is_panicking && <State kind="bad">{words.panic}</State>}
      {breakers.map(({ operation, state, since_s, retry_in_s }) => (
        <State key={operation} kind={state === 'open' ? 'bad' : 'wait'}>
          {words.breaker(operation, state, duration(since_s * 1_000), duration(retry_in_s * 1_000))}
        </State>
      ))}
    </>
  )
}
