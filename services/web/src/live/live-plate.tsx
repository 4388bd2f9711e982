import { type ReactNode, useCallback, useRef } from 'react'
import { Plate } from '../plate/plate.tsx'
import type { Points } from '../plate/points.ts'
import { usePulse } from './pulse.ts'
import { instancesOf, type Pulse, withEnded } from './pulse-words.ts'
import { sendFlow } from './send-flow.ts'

/** The plate, as the shop is now; nothing is drawn in it that is not known. */
export function LivePlate({
  label,
  className,
  caption,
  onPoints,
  ended,
}: {
  label: (pulse: Pulse | undefined) => string
  className: string
  caption: (pulse: Pulse | undefined, isLive: boolean) => ReactNode
  onPoints?: (points: Points) => void
  /** Instances that were seen to end, before the pulse says so. */
  ended?: readonly { name: string; atMs: number }[]
}) {
  const points = useRef<Points>(undefined)
  const onPulse = useCallback((pulse: Pulse) => {
    if (points.current !== undefined) sendFlow(points.current, pulse.flow)
  }, [])
  const { pulse, isLive } = usePulse(onPulse)
  const keep = useCallback(
    (made: Points) => {
      points.current = made
      onPoints?.(made)
      return () => {
        points.current = undefined
      }
    },
    [onPoints],
  )
  return (
    <Plate
      label={label(pulse)}
      className={className}
      caption={caption(pulse, isLive)}
      onPoints={keep}
      {...(pulse !== undefined && isLive && { instances: instancesOf(withEnded(pulse, ended)) })}
    />
  )
}
