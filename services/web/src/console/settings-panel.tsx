import type { Answer, RouteOf } from '@lepton/client/api'
import { age, exactTime } from '../format.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { State } from '../parts/state.tsx'
import { useNow } from '../parts/use-now.ts'
import style from './console.module.css'
import type { SettingAct } from './setting-dialog.tsx'
import { Table } from './table.tsx'
import table from './table.module.css'

type View = Answer<RouteOf<'GET', '/ops/mesh'>>

/** What is set, and what was changed, each with its undo. */
export function Settings({ view, onAct }: { view: View; onAct: (act: SettingAct) => void }) {
  const { console: texts } = useConsoleMessages()
  const words = texts.calls
  const now = useNow()
  const act = (label: string, name: string, what: SettingAct) => (
    <button type="button" className={table['act']} aria-label={name} onClick={() => onAct(what)}>
      {label}
    </button>
  )
  return (
    <section className={style['panel']} aria-labelledby="settings">
      <div className={style['head']}>
        <h2 id="settings">{words.settings}</h2>
        {act(words.setShort, words.setAny, { key: 'services/order', value: '{"policy":"latency"}' })}
      </div>
      <p className={style['note']}>{words.keys}</p>
      {view.refused.map(({ key, problem }) => (
        <State key={key} kind="bad">
          {words.refused(key, problem)}
        </State>
      ))}
      {view.settings.length === 0 && <p>{words.nothing}</p>}
      {view.settings.length > 0 && (
        <Table
          columns={[
            { label: words.columns.key },
            { label: words.columns.value },
            { label: words.columns.acts },
          ]}
          rows={view.settings.map(({ key, value }) => ({
            key,
            cells: [
              <code key="key">{key}</code>,
              <code key="value" className={table['wrap']}>
                {value}
              </code>,
              <span key="acts">
                {act(words.setShort, words.setOf(key), { key, value })}
                {act(words.unsetShort, words.unsetOf(key), { key })}
              </span>,
            ],
          }))}
        />
      )}
      {view.changes.length > 0 && (
        <>
          <h2>{words.changes}</h2>
          <Table
            columns={[
              { label: words.columns.when, isFigure: true },
              { label: words.columns.who },
              { label: words.columns.key },
              { label: words.columns.before },
              { label: words.columns.after },
              { label: words.columns.why },
              { label: words.columns.acts },
            ]}
            rows={view.changes.map(({ at, who, why, key, before, after }, index) => {
              const isLast = view.changes.findIndex((one) => one.key === key) === index
              return {
                key: `${at} ${key}`,
                cells: [
                  <time key="at" dateTime={at} title={exactTime(at)}>
                    {age(now - Date.parse(at))}
                  </time>,
                  who,
                  <code key="key">{key}</code>,
                  <code key="before" className={table['wrap']}>
                    {before ?? '—'}
                  </code>,
                  <code key="after" className={table['wrap']}>
                    {after ?? '—'}
                  </code>,
                  why || '—',
                  isLast ? act(words.undoShort, words.undoOf(key), { key, isUndo: true }) : '',
                ],
              }
            })}
          />
        </>
      )}
    </section>
  )
}
