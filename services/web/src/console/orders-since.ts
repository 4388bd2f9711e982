import { useEffect, useState } from 'react'
import { watchPulse } from '../live/pulse.ts'

interface Count {
  first: number
  last: number
}

/** How many orders have been accepted since this was first shown, as far as that is known. */
export function useOrdersSince(): number {
  const [count, setCount] = useState<Count>()
  useEffect(() => watchPulse(({ orders }) => setCount((before) => countOn(before, orders.accepted))), [])
  return count === undefined ? 0 : count.last - count.first
}

/** `accepted` is null while ops reads the log from its start: what was counted before that stays. */
export function countOn(before: Count | undefined, accepted: number | null): Count | undefined {
  if (accepted === null) return before
  const { first, last } = before ?? { first: accepted, last: accepted }
  return { first, last: Math.max(last, accepted) }
}
