export interface Throttle {
  /** Whether one more request may be sent. */
  admits(): boolean
  /** Records what became of a request that was sent. */
  took(): void
  refused(): void
}

export interface ThrottleSettings {
  /** How often the limit is judged (ms). */
  tickMs: number
  /** Ticks that the rate of taken requests is measured over. */
  ticks: number
  /** How many requests are sent for each one that is taken: above 1, or it would never learn of more room. */
  factor: number
  /** By how much the limit grows in a tick in which enough was taken. */
  growth: number
  /** Fewer refusals within the ticks say nothing. */
  minRefusals: number
}

export const throttleDefaults: ThrottleSettings = {
  tickMs: 100,
  ticks: 10,
  factor: 1.15,
  growth: 1.1,
  minRefusals: 5,
}

/**
 * Refuses before sending what the other side would refuse. While it takes nearly everything there is no limit. As
 * soon as it does not, `factor` times as much is sent as it took lately; from there the limit grows tick by tick until
 * the other side refuses again, or the limit is far from what is offered and is lifted.
 *
 * After client-side throttling in "Handling Overload", Site Reliability Engineering (Google, 2016), chapter 21, with a
 * rate in place of its probability: what is refused here does not count, so that it does not keep itself going.
 */
export function createThrottle(
  { tickMs, ticks, factor, growth, minRefusals }: ThrottleSettings = throttleDefaults,
  now: () => number = () => performance.now(),
): Throttle {
  const taken = new Array<number>(ticks).fill(0)
  const refusals = new Array<number>(ticks).fill(0)
  let current = Math.floor(now() / tickMs)
  let limit = Number.POSITIVE_INFINITY
  let tokens = Number.POSITIVE_INFINITY
  let offered = 0

  function advance(): number {
    const tick = Math.floor(now() / tickMs)
    for (let passed = Math.max(current + 1, tick - ticks); passed <= tick; passed++) {
      judge((passed - 1 + ticks) % ticks)
      taken[passed % ticks] = 0
      refusals[passed % ticks] = 0
      offered = 0
    }
    current = Math.max(current, tick)
    return current % ticks
  }

  function judge(last: number): void {
    const [took, refused] = [sum(taken), sum(refusals)]
    const isRefusing = refusals[last]! > 0 && refused >= minRefusals
    if (isRefusing && refused / (took + refused) > 1 - 1 / factor) {
      limit = Math.max(1, (factor * took) / ticks)
    } else {
      limit *= growth
      if (limit > 2 * offered + ticks) limit = Number.POSITIVE_INFINITY
    }
    tokens = limit
  }

  return {
    admits() {
      advance()
      offered += 1
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
    took: () => void (taken[advance()]! += 1),
    refused: () => void (refusals[advance()]! += 1),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
