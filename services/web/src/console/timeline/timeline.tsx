import { duration } from '../../format.ts'
import type { ConsoleMessages } from '../../messages/en-console.ts'
import { useConsoleMessages } from '../../messages/messages.tsx'
import { type Item, layoutOf, type Trail } from './layout.ts'
import style from './timeline.module.css'
import { pathOf } from './way.ts'

/** One order over all services: what happened, what caused it, and what is still to come. */
export function Timeline({ trail }: { trail: Trail }) {
  const { console: texts, services } = useConsoleMessages()
  const layout = layoutOf(trail)
  const { lanes, items, gaps } = layout
  const byId = new Map(items.map((item) => [item.id, item]))
  const nameOf = (service: string) => services[service as keyof typeof services] ?? service
  return (
    <div className={style['scroll']} tabIndex={0} role="region" aria-label={texts.timeline.title}>
      <div className={style['sheet']}>
        <div className={style['lanes']} aria-hidden="true">
          {lanes.map((lane) => (
            <div key={lane}>{nameOf(lane)}</div>
          ))}
        </div>
        <svg className={style['ways']} width="100%" height="100%" aria-hidden="true">
          {items.map((item) => {
            const cause = item.cause === undefined ? undefined : byId.get(item.cause)
            if (cause === undefined) return null
            return (
              <path
                key={item.id}
                d={pathOf(cause, item)}
                className={item.kind === 'dead' ? style['broken'] : undefined}
              />
            )
          })}
        </svg>
        <ol className={style['items']}>
          {items.map((item) => (
            <li
              key={item.id}
              className={`${style['item']} ${item.kind === 'event' ? '' : style[item.kind]}`}
              style={{ gridColumn: item.column + 1, gridRow: item.lane + 1 }}
            >
              <b>{wordsOf(item, texts.timeline)}</b>
              <span>
                <span className="visually-hidden">{nameOf(lanes[item.lane] ?? '')} </span>
                {whenOf(item, texts.timeline)}
              </span>
            </li>
          ))}
          {gaps.map(({ column, ms }) => (
            <li
              key={column}
              className={style['gap']}
              style={{ gridColumn: column + 1, gridRow: `1 / ${lanes.length + 1}` }}
            >
              {texts.timeline.later(duration(ms))}
            </li>
          ))}
        </ol>
      </div>
    </div>
  )
}

type Texts = ConsoleMessages['timeline']

function wordsOf({ kind, name }: Item, texts: Texts): string {
  if (kind === 'dead') return texts.dead
  const words = kind === 'event' ? texts.events : kind === 'task' ? texts.tasks : texts.steps
  return (words as Partial<Record<string, string>>)[name] ?? name
}

function whenOf({ kind, instance, afterMs, tries, name }: Item, texts: Texts): string {
  if (kind === 'expected') return texts.expected
  const after = afterMs === undefined || afterMs === 0 ? '' : `+${duration(afterMs)}`
  const attempts = tries === undefined ? '' : texts.tries(tries)
  const what =
    kind === 'dead' ? ((texts.events as Partial<Record<string, string>>)[name] ?? name) : (instance ?? '')
  return [what, attempts, after].filter(Boolean).join(' · ')
}
