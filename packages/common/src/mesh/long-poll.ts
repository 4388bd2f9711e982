import { type Backoff, fullJitterMs } from '../runtime/backoff.ts'
import { pause } from '../runtime/wait.ts'
import { createTokenBucket, type TokenBucketSettings } from './token-bucket.ts'

export interface LongPollSettings {
  rate: TokenBucketSettings
  errorBackoff: Backoff
}

export interface LongPoll<T> {
  /** Index 0 asks for the state at once; a greater one waits for something newer. */
  ask: (index: number, signal: AbortSignal) => Promise<{ index: number; value: T }>
  onAnswer: (value: T) => void
  onError: (error: unknown, delayMs: number) => void
  onIndexReset: () => void
  settings: LongPollSettings
  now: () => number
  random: () => number
}

/**
 * What to ask with next, by Consul's rules for blocking queries.
 *
 * An index that goes back belongs to another history (a restored or restarted server), so the
 * next question starts over; zero would not block at all, so it never becomes an index to wait on.
 */
export function nextIndex(asked: number, received: number): number {
  if (received < asked) return 0
  return Math.max(1, received)
}

/**
 * Asks again and again until closed; no answer and no error ends it.
 *
 * After any error the next question does not block: a restarted agent may have an index that is
 * lower than ours or equal by accident, and waiting on it would leave us blind.
 */
export function startLongPoll<T>({
  ask,
  onAnswer,
  onError,
  onIndexReset,
  settings,
  now,
  random,
}: LongPoll<T>): { close(): Promise<void> } {
  const closing = new AbortController()
  const tokens = createTokenBucket(settings.rate, now)

  async function run(): Promise<void> {
    let index = 0
    let failures = 0
    while (!closing.signal.aborted) {
      const throttledMs = tokens.takeMs()
      if (throttledMs > 0) await pause(throttledMs, closing.signal)
      if (closing.signal.aborted) return
      try {
        const answer = await ask(index, closing.signal)
        const next = nextIndex(index, answer.index)
        if (next < index) onIndexReset()
        index = next
        failures = 0
        onAnswer(answer.value)
      } catch (error) {
        if (closing.signal.aborted) return
        index = 0
        const delayMs = fullJitterMs(failures++, settings.errorBackoff, random)
        onError(error, delayMs)
        await pause(delayMs, closing.signal)
      }
    }
  }

  const running = run()
  return {
    async close() {
      closing.abort(new Error('closed'))
      await running
    },
  }
}
