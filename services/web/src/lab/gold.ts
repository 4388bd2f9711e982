import type { Order } from '../api.ts'
import { edgeBetween, type Place } from '../plate/places.ts'
import type { Points } from '../plate/points.ts'

const STEP_MS = 260

/** The ways that an order has gone when it has a status, one after the other. */
const WAYS: Partial<Record<Order['status'], readonly [Place, Place][]>> = {
  PLACED: [
    ['gateway', 'order'],
    ['order', 'inventory'],
    ['order', 'payment'],
  ],
  RESERVED: [
    ['inventory', 'order'],
    ['inventory', 'payment'],
    ['payment', 'psp'],
  ],
  CONFIRMED: [
    ['payment', 'order'],
    ['order', 'inventory'],
    ['order', 'payment'],
  ],
  COMPLETED: [
    ['inventory', 'order'],
    ['payment', 'order'],
  ],
}
const STATUSES = Object.keys(WAYS) as Order['status'][]

/** Sends your own order's points, in gold: each way once, also where statuses follow too fast to be seen. */
export function createGold() {
  let shown = 0
  let busyUntil = 0
  return (points: Points, status: Order['status']): void => {
    const reached = STATUSES.indexOf(status) + 1
    for (const next of STATUSES.slice(shown, reached))
      for (const [from, to] of WAYS[next] ?? []) {
        const now = performance.now()
        const at = Math.max(now, busyUntil)
        busyUntil = at + STEP_MS
        const edge = edgeBetween(from, to)
        if (edge !== undefined) setTimeout(() => points.send(edge, { color: 'gold' }), at - now)
      }
    shown = Math.max(shown, reached)
  }
}
