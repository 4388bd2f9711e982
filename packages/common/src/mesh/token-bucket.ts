export interface TokenBucketSettings {
  burst: number
  refillMs: number
}

interface TokenBucket {
  /** Takes a token and says how long (ms) to wait for it. It is taken at once, so that waiters keep their order. */
  takeMs(): number
  /** Takes a token if there is one now. */
  tryTake(): boolean
}

export function createTokenBucket({ burst, refillMs }: TokenBucketSettings, now: () => number): TokenBucket {
  let tokens = burst
  let stampMs = now()

  function refill(): void {
    const nowMs = now()
    tokens = Math.min(burst, tokens + Math.max(0, nowMs - stampMs) / refillMs)
    stampMs = nowMs
  }

  return {
    takeMs() {
      refill()
      tokens -= 1
      return tokens >= 0 ? 0 : -tokens * refillMs
    },
    tryTake() {
      refill()
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
  }
}
