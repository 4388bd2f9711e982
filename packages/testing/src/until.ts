import { setTimeout as delay } from 'node:timers/promises'

/**
 * Waits until `probe` gives something other than undefined or false, and returns it.
 *
 * @throws Error that names what was waited for, with the probe's fault as its cause where its last try had one
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs = 15_000, everyMs = 20 } = {},
): Promise<T> {
  const endsAt = performance.now() + timeoutMs
  let cause: unknown
  for (;;) {
    try {
      const result = await probe()
      if (result !== undefined && result !== false) return result
      cause = undefined
    } catch (error) {
      cause = error
    }
    if (performance.now() > endsAt) throw new Error(`after ${timeoutMs} ms still not: ${what}`, { cause })
    await delay(everyMs)
  }
}
