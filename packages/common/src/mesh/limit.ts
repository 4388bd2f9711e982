/** Caps concurrent requests. Over the limit, callers are rejected immediately, never queued. */
export interface Limit {
  enter(): boolean
  leave(): void
  pending(): number
}

export function createLimit(maxPending: number): Limit {
  let pending = 0
  return {
    enter() {
      if (pending >= maxPending) return false
      pending += 1
      return true
    },
    leave() {
      pending -= 1
    },
    pending: () => pending,
  }
}
