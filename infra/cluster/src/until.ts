import { setTimeout as delay } from 'node:timers/promises'
import { CannotStart } from '@lepton/local/cannot-start'

const EVERY_MS = 200

/** Gives what `attempt` gives, once it does not throw. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  attempt: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  for (const endsAt = performance.now() + timeoutMs; ; await delay(EVERY_MS)) {
    signal?.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() < endsAt) continue
      throw new CannotStart(`${what}: not after ${timeoutMs / 1000} s. ${(error as Error).message}`)
    }
  }
}
