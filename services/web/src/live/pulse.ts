import { useEffect, useState } from 'react'
import { useNow } from '../parts/use-now.ts'
import { isPaused } from './pause.ts'
import type { Pulse } from './pulse-words.ts'
import { shareEvents } from './share-events.ts'

/** A pulse comes once a second; one this old (ms) says nothing of now. */
const STALE_MS = 5_000

interface Received {
  pulse: Pulse
  atMs: number
}

export const watchPulse = (onPulse: (pulse: Pulse) => void): (() => void) =>
  shareEvents<Pulse>('/api/v1/pulse/stream', 'pulse', onPulse)

/** The shop's pulse, and whether it is of now; the last one stays while there is no other. */
export function usePulse(onPulse?: (pulse: Pulse) => void): { pulse: Pulse | undefined; isLive: boolean } {
  const [received, setReceived] = useState<Received>()
  useEffect(
    () =>
      watchPulse((pulse) => {
        if (isPaused()) return
        setReceived({ pulse, atMs: Date.now() })
        onPulse?.(pulse)
      }),
    [onPulse],
  )
  const now = useNow()
  return { pulse: received?.pulse, isLive: received !== undefined && now - received.atMs < STALE_MS }
}
