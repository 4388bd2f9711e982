export interface Room {
  /** Takes the place of one order until `leave`, where there is one. */
  enter(): boolean
  leave(): void
  /** The owner said how many more orders it takes. */
  learn(orders: number): void
}

const ASK_EVERY_MS = 50
/** What was said longer ago says nothing about now. */
const STALE_MS = 1_000

/**
 * The places that the order service has left, so that an order without one is refused before it is sent. Each answer
 * to an order brings the number; while there are none the service is asked for it, 20 times a second at most and only
 * while orders come. A customer's order is then never what finds out.
 *
 * @param ask undefined where there is no limit
 */
export function createRoom(
  ask: () => Promise<number | undefined>,
  now: () => number = () => performance.now(),
): Room {
  let orders = Number.POSITIVE_INFINITY
  let learnedAtMs = Number.NEGATIVE_INFINITY
  let askedAtMs = Number.NEGATIVE_INFINITY
  let isAsking = false
  let inFlight = 0

  function learn(count: number): void {
    orders = count
    learnedAtMs = now()
  }

  function askAgain(): void {
    if (isAsking || now() - askedAtMs < ASK_EVERY_MS) return
    isAsking = true
    askedAtMs = now()
    ask()
      .then(
        (count) => learn(count ?? Number.POSITIVE_INFINITY),
        // What keeps it from answering is for the order itself to find out.
        () => learn(Number.POSITIVE_INFINITY),
      )
      .finally(() => {
        isAsking = false
      })
  }

  return {
    learn,
    enter() {
      const isKnown = now() - learnedAtMs < STALE_MS
      if (isKnown && inFlight >= orders) {
        askAgain()
        return false
      }
      inFlight += 1
      return true
    },
    leave: () => void (inFlight -= 1),
  }
}
