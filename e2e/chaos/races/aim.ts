import type { Random } from '../random.ts'

const SPREAD_MS = 5
const FIRST_STEP_MS = 6
const LEAST_STEP_MS = 0.4

/** When to act so that a race is open: around a moment that is found out as it goes. */
export interface Aim {
  /** The moment, and up to 5 ms before or after it. */
  next(random: Random): number
  /** Moves the moment by a share of a step: later where positive. */
  learn(direction: number): void
}

/** Makes smaller steps as it learns, and never stops learning: the machine may be faster or slower at any time. */
export function createAim(firstMs: number): Aim {
  let atMs = firstMs
  let stepMs = FIRST_STEP_MS
  return {
    next: (random) => atMs + (2 * random.next() - 1) * SPREAD_MS,
    learn: (direction) => {
      atMs += direction * stepMs
      stepMs = Math.max(LEAST_STEP_MS, stepMs * 0.95)
    },
  }
}
