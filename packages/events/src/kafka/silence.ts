import type { Consumer } from 'kafkajs'

const LOOK_EVERY_MS = 1_000
/** Longer than a fetch waits: after this much silence the broker is probed. */
const PROBE_AFTER_MS = 3_000

/**
 * Detects a consumer that has silently lost its broker or its group membership. kafkajs 2.2.4 drops a broker after a
 * few seconds of connection resets, and then keeps rejoining without refreshing metadata. It also schedules heartbeats
 * by the wall clock: if the clock is set back it stops sending them, is evicted, and keeps fetching. So only heartbeats
 * and joins count as signs of life.
 *
 * While the broker is down, or a rebalance runs (shorter than `silenceMs`), the watchdog waits.
 */
export function watchSilence(
  consumer: Pick<Consumer, 'events' | 'on'>,
  {
    silenceMs,
    isBusy,
    probe,
    onSilent,
  }: { silenceMs: number; isBusy: () => boolean; probe: () => Promise<unknown>; onSilent: () => void },
): { stop(): void } {
  let heardAtMs = performance.now()
  let lookedAtMs = heardAtMs
  let isProbing = false
  const hear = () => {
    heardAtMs = performance.now()
  }
  const { HEARTBEAT, GROUP_JOIN } = consumer.events
  for (const event of [HEARTBEAT, GROUP_JOIN]) consumer.on(event, hear)

  function look(): void {
    const nowMs = performance.now()
    // This process was stalled itself, so it has heard nothing: that proves nothing.
    if (isBusy() || nowMs - lookedAtMs > 3 * LOOK_EVERY_MS) hear()
    lookedAtMs = nowMs
    if (nowMs - heardAtMs < Math.min(PROBE_AFTER_MS, silenceMs)) return
    if (isProbing) return
    isProbing = true
    void judge().finally(() => {
      isProbing = false
    })
  }

  /**
   * Only a silence beside a broker that answers counts: a group that comes back with its broker waits for its
   * members, and a member that gives up during it adds another one.
   */
  async function judge(): Promise<void> {
    try {
      await probe()
    } catch {
      hear()
    }
    if (performance.now() - heardAtMs >= silenceMs) onSilent()
  }

  const timer = setInterval(look, LOOK_EVERY_MS)
  return { stop: () => clearInterval(timer) }
}
