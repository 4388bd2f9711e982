import { useEffect, useRef, useState } from 'react'

const STEP_MS = 100

export interface Replay {
  /** Milliseconds since the attack began. */
  at: number
  isPlaying: boolean
  play: (speed: number) => void
  stop: () => void
}

/** Goes through `lasts` milliseconds at a speed; it stands at the end until it is played. */
export function useReplay(lasts: number): Replay {
  const [at, setAt] = useState(lasts)
  const [speed, setSpeed] = useState(0)
  const began = useRef(0)
  useEffect(() => {
    if (speed === 0) return
    const timer = setInterval(() => {
      const now = (performance.now() - began.current) * speed
      setAt(Math.min(lasts, now))
      if (now >= lasts) setSpeed(0)
    }, STEP_MS)
    return () => clearInterval(timer)
  }, [speed, lasts])
  return {
    at,
    isPlaying: speed > 0,
    play: (next) => {
      began.current = performance.now()
      setAt(0)
      setSpeed(next)
    },
    stop: () => {
      setAt(lasts)
      setSpeed(0)
    },
  }
}
