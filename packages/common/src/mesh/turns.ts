/** Turns at something that only so many may use at once, such as the connections to an endpoint. */
export interface Turns {
  /**
   * Runs `begin` when there is a turn for it, at once if there is: first come, first served. The turn ends with `end`.
   *
   * @returns gives up the place in the queue; without effect once `begin` has run
   */
  next(begin: () => void): () => void
  end(): void
}

/** The queue is bounded by those who come: each has its own deadline, and leaves when it is over. */
export function createTurns(count: number): Turns {
  const waiting = new Set<() => void>()
  let free = count
  return {
    next(begin) {
      if (free > 0) {
        free -= 1
        begin()
        return () => undefined
      }
      // Of its own: the same function may be waiting twice.
      const turn = () => begin()
      waiting.add(turn)
      return () => void waiting.delete(turn)
    },
    end() {
      const [first] = waiting
      if (first === undefined) {
        free += 1
        return
      }
      waiting.delete(first)
      first()
    },
  }
}
