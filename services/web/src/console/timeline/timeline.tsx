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
  // A phone shows them one below the other, and a voice reads them so.
  const inOrder = [...items, ...gaps].toSorted((a, b) => a.column - b.column)
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
          {inOrder.map((one) =>
            'ms' in one ? (
              <li
                key={`after ${one.column}`}
                className={style['gap']}
                style={{ gridColumn: one.column + 1, gridRow: `1 / ${lanes.length + 1}` }}
              >
                {texts.timeline.later(duration(one.ms))}
              </li>
            ) : (
              <li
                key={one.id}
                className={`${style['item']} ${one.kind === 'event' ? '' : style[one.kind]}`}
                style={{ gridColumn: one.column + 1, gridRow: one.lane + 1 }}
              >
                <b>{wordsOf(one, texts.timeline)}</b>
                <span>
                  <span className="visually-hidden">{nameOf(lanes[one.lane] ?? '')} </span>
                  {whenOf(one, texts.timeline)}
                </span>
              </li>
            ),
          )}
        </ol>
      </div>
    </div>
  )
}

type Texts = ConsoleMessages['timeline']

function wordsOf({ kind, name, tries }: Item, texts: Texts): string {
  if (kind === 'dead') return tries === 0 ? texts.blocked : texts.dead
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
