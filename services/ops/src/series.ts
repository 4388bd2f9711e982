/** 15 minutes, one value every two seconds. */
export const STEP_MS = 2_000
export const KEPT = 450
/** More would be a label that is no label. */
const MAX_SERIES = 200

interface Line {
  name: string
  labels: Record<string, string>
  values: Float64Array
}

export interface Point {
  name: string
  labels?: Record<string, string>
  value: number | null
}

export interface SeriesRing {
  /** Adds the values of one step; a series without one has a gap there. */
  push(points: readonly Point[]): void
  /** The last `steps` of the named series, oldest first. */
  read(
    names: readonly string[] | undefined,
    steps: number,
  ): (Omit<Line, 'values'> & { values: (number | null)[] })[]
}

/** Figures of the last minutes in memory, 3.6 KB a series. */
export function createSeries(): SeriesRing {
  const lines = new Map<string, Line>()
  let step = 0
  return {
    push(points) {
      step += 1
      const slot = step % KEPT
      for (const { values } of lines.values()) values[slot] = Number.NaN
      for (const { name, labels = {}, value } of points) {
        const key = `${name} ${Object.values(labels).join(' ')}`
        let line = lines.get(key)
        if (line === undefined) {
          forgetSilent()
          if (lines.size >= MAX_SERIES) continue
          line = { name, labels, values: new Float64Array(KEPT).fill(Number.NaN) }
          lines.set(key, line)
        }
        line.values[slot] = value ?? Number.NaN
      }
    },

    read(names, steps) {
      const from = step - steps + 1
      return [...lines.values()]
        .filter(({ name }) => names?.includes(name) ?? true)
        .map(({ name, labels, values }) => ({
          name,
          labels,
          values: Array.from({ length: steps }, (_, index) => {
            const at = from + index
            const value = at < 1 ? Number.NaN : values[at % KEPT]!
            return Number.isNaN(value) ? null : value
          }),
        }))
    },
  }

  /** Of an instance that has gone, nothing is left after 15 minutes. */
  function forgetSilent(): void {
    for (const [key, { values }] of lines) if (values.every(Number.isNaN)) lines.delete(key)
  }
}
