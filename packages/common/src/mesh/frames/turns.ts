/** Turns at something that only so many may use at once, such as the connections to an endpoint. */
export interface Turns {
  /**
   * Runs `begin` when there is a turn for it, at once if there is: first come, first served. The turn ends with `end`.
   *
   * @returns gives up the place in the queue; without effect once `begin` has run
   */
  next(begin: () => void): () => void
  end(): void
  /** How many turns there are at once from now on. */
  resize(count: number): void
}

const nothing = () => undefined

/** The queue is bounded by those who come: each has its own deadline, and leaves when it is over. */
export function createTurns(initial: number): Turns {
  const waiting = new Set<() => void>()
  let count = initial
  let taken = 0

  function admit(): void {
    for (const turn of waiting) {
      if (taken >= count) return
      waiting.delete(turn)
      taken += 1
      turn()
    }
  }

  return {
    next(begin) {
      if (taken < count) {
        taken += 1
        begin()
        return nothing
      }
      // Of its own: the same function may be waiting twice.
      const turn = () => begin()
      waiting.add(turn)
      return () => void waiting.delete(turn)
    },
    end() {
      taken -= 1
      if (waiting.size > 0) admit()
    },
    resize(next) {
      count = next
      admit()
    },
  }
}
