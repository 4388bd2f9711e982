export interface TokenBucketSettings {
  burst: number
  refillMs: number
}

/** Takes a token and returns how long (ms) to wait for it. The token is taken at once, so waiters keep their order. */
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
