export interface PaceSettings {
  /** Bounds of the limit. */
  min: number
  max: number
  /** A wait (ms) for the shop's own work that is too long. */
  slowMs: number
}

/** How much may be in progress at once, by how long its steps wait. */
export interface Pace {
  limit(): number
  /** A step had waited so long (ms) for the shop's own work; `step` is one of a few names. */
  heard(step: string, waitMs: number): void
  /** Whether any step was heard of within so long (ms). */
  isHeardWithin(ms: number): boolean
  /** Moves the limit by what was heard since it was last moved, at most every 400 ms. */
  judge(inProgress: number): void
}

const JUDGE_EVERY_MS = 400
const SHRINK = 0.8
/** Waits of a step that its median is of. */
const MAX_WAITS = 50

/**
 * A limit that shrinks while the median wait of any step is above `slowMs`, and otherwise grows by its root: additive
 * increase and multiplicative decrease as in TCP (Jacobson, 1988).
 */
export function createPace(
  { min, max, slowMs }: PaceSettings,
  now: () => number = () => performance.now(),
): Pace {
  let limit = max
  let judgedAtMs = now()
  const steps = new Map<string, { waits: number[]; atMs: number }>()

  return {
    limit: () => limit,
    heard: (name, waitMs) => {
      const { waits } = steps.get(name) ?? { waits: [] }
      steps.set(name, { waits: [...waits, waitMs].slice(-MAX_WAITS), atMs: now() })
    },
    isHeardWithin: (ms) => [...steps.values()].some(({ atMs }) => now() - atMs < ms),
    judge: (inProgress) => {
      if (now() - judgedAtMs < JUDGE_EVERY_MS) return
      judgedAtMs = now()
      const isSlow = [...steps.values()].some(({ waits }) => median(waits) > slowMs)
      if (isSlow) limit = Math.max(min, Math.floor(Math.min(limit, inProgress) * SHRINK))
      else limit = Math.min(max, limit + Math.ceil(Math.sqrt(limit)))
      for (const step of steps.values()) step.waits = []
    },
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
