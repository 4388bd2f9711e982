import { age } from '../format.ts'
import { usePaused } from '../live/pause.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { State } from '../parts/state.tsx'
import { useNow } from '../parts/use-now.ts'
import style from './console.module.css'

const STALE_MS = 6_000

/** How old the figures are, and which services gave none. */
export function Age({
  updatedAt,
  incomplete,
}: {
  updatedAt: number
  incomplete: readonly { service: string }[]
}) {
  const { console: texts } = useConsoleMessages()
  const isPaused = usePaused()
  const ageMs = Math.max(0, useNow() - updatedAt)
  return (
    <p className={style['sub']}>
      {isPaused || ageMs > STALE_MS ? (
        <State kind="wait">{isPaused ? texts.keys.pausedFor(age(ageMs)) : texts.stale(age(ageMs))}</State>
      ) : (
        texts.live(age(ageMs))
      )}
      {incomplete.length > 0 && ` · ${texts.incomplete(incomplete.map(({ service }) => service).join(', '))}`}
    </p>
  )
}
