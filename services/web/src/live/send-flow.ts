import { edgeBetween } from '../plate/places.ts'
import type { Points } from '../plate/points.ts'
import type { Pulse } from './pulse-words.ts'

/** Over how long the steps of one pulse are spread, in ms: as long as they took to happen. */
const SPREAD_MS = 1_000

/** Sends a point for each step of an order that the pulse names, in their order. */
export function sendFlow(points: Points, flow: Pulse['flow']): void {
  flow.forEach(([, from, to], index) => {
    const edge = edgeBetween(from, to)
    if (edge !== undefined) setTimeout(() => points.send(edge), (index / flow.length) * SPREAD_MS)
  })
}
