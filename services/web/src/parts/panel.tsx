import type { ShopError } from '@lepton/client'
import type { CSSProperties, ReactNode } from 'react'
import { useMessages } from '../messages/messages.tsx'
import { Button } from './button.tsx'
import style from './panel.module.css'

/** Where there is nothing to show: why, and the button that changes it. */
export function Empty({
  title,
  hint,
  children,
}: {
  title: ReactNode
  hint?: ReactNode
  children?: ReactNode
}) {
  return (
    <div className={style['panel']}>
      <h2>{title}</h2>
      {hint !== undefined && <p>{hint}</p>}
      {children !== undefined && <div className={style['row']}>{children}</div>}
    </div>
  )
}

/** What the shop refused, in its own words, where the content would be. */
export function Trouble({ error, onRetry }: { error: ShopError; onRetry?: () => void }) {
  const { trouble, nav } = useMessages()
  const { slug, problem } = error
  const title = slug === 'no-answer' ? trouble.noAnswer : trouble.title(slug, problem.title)
  const hint =
    slug === 'no-answer'
      ? trouble.noAnswerHint
      : slug === 'unavailable'
        ? trouble.unavailableHint
        : problem.detail
  return (
    <div className={style['trouble']} role="alert">
      <p className={style['title']}>{title}</p>
      {hint !== undefined && <p className={style['dim']}>{hint}</p>}
      {problem.trace_id !== undefined && <p className={style['dim']}>{trouble.trace(problem.trace_id)}</p>}
      {onRetry !== undefined && (
        <div className={style['row']}>
          <Button look="quiet" size="small" onClick={onRetry}>
            {nav.retry}
          </Button>
        </div>
      )}
    </div>
  )
}

/** A place for what is loading; invisible for its first 150 ms. */
export function Bone({ className, ratio, height }: { className?: string; ratio?: string; height?: number }) {
  // Set through the DOM: the page's policy allows no style attribute in its markup.
  const own: CSSProperties = { ...(ratio && { aspectRatio: ratio }), ...(height && { height }) }
  return <div className={`${style['bone']} ${className ?? ''}`} style={own} />
}
