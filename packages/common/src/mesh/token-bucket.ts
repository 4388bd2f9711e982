export interface TokenBucketSettings {
  burst: number
  refillMs: number
}

/** Takes a token and tells how long to wait until it is there. A waiter's token is taken at once, so order holds. */
export function createTokenBucket({ burst, refillMs }: TokenBucketSettings, now: () => number): () => number {
  let tokens = burst
  let stampMs = now()
  return function takeMs() {
    const nowMs = now()
    tokens = Math.min(burst, tokens + Math.max(0, nowMs - stampMs) / refillMs) - 1
    stampMs = nowMs
    return tokens >= 0 ? 0 : -tokens * refillMs
  }
}
