import type { History, Order } from '../api.ts'
import { duration } from '../format.ts'
import type { Messages } from '../messages/en.ts'
import { flagOf } from '../messages/flag.ts'
import { useMessages } from '../messages/messages.tsx'
import style from './order-page.module.css'
import { stepsOf } from './steps.ts'

/** How far the order has come; the step at work is the current one. */
export function OrderSteps({ order, history }: { order: Order; history: History | undefined }) {
  const { order: texts } = useMessages()
  return (
    <ol className={style['steps']} aria-label={texts.progress}>
      {stepsOf(order, history).map(({ name, state, afterMs }) => (
        <li key={name} className={style[state]} aria-current={state === 'now' ? 'step' : undefined}>
          <i aria-hidden="true" />
          {texts.steps[name]}
          <span>{afterMs === undefined || afterMs === 0 ? '' : texts.after(duration(afterMs))}</span>
        </li>
      ))}
    </ol>
  )
}

/** Every fact of the order's stream, with the time since it was placed. */
export function OrderHistory({ order, history }: { order: Order; history: History | undefined }) {
  const { order: texts, facts, flags } = useMessages()
  if (history === undefined) return null
  return (
    <details className={style['history']}>
      <summary>{texts.history}</summary>
      <ol>
        {history.map(({ version, type, data, at }) => (
          <li key={version}>
            <span>{texts.after(duration(Math.max(0, Date.parse(at) - Date.parse(order.created_at))))}</span>
            <span>
              {facts[type as keyof typeof facts] ?? type} {detailOf(data, flags)} <code>{type}</code>
            </span>
          </li>
        ))}
      </ol>
    </details>
  )
}

function detailOf(data: Record<string, unknown>, flags: Messages['flags']): string {
  const value = data['stock'] ?? data['pay'] ?? data['reason'] ?? data['status']
  return typeof value === 'string' ? flagOf(flags, value) : ''
}
