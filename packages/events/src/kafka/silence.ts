import type { Consumer } from 'kafkajs'

const LOOK_EVERY_MS = 1_000
/** Longer than a fetch waits: who is silent for so long looks whether the broker is there. */
const PROBE_AFTER_MS = 3_000

/**
 * Notices a consumer that has lost its broker or its place in the group for good: kafkajs drops a broker that resets
 * its connections for some seconds, and then joins its group again without looking for it, for as long as it may
 * retry. And it counts its heartbeats by the wall clock: one that was set back keeps them away, the group forgets the
 * member, and the member reads on without being told. So only heartbeats and joins are signs of life, not fetches.
 *
 * A broker that is away is waited for, and so is a rebalance after it, which lasts less than `silenceMs`.
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
    // Who stood still itself has heard nothing, and that is nobody's fault.
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
   * members, and whoever gives up meanwhile makes it wait for one more.
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
