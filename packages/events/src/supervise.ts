import type { Log } from '@lepton/common/runtime/log'

/** What a subscriber did last, on the clock of `performance.now()`. */
export interface Progress {
  /** False where other members have all partitions: there is nothing to fetch then. */
  isAssigned: boolean
  /** When the broker last answered a fetch, with records or without. */
  fetchedAtMs: number
  /** Since when a delivery is at work of which nothing was finished; undefined when none is. */
  stalledSinceMs: number | undefined
}

export interface SuperviseSettings {
  everyMs: number
  /** A subscriber that was answered no fetch for so long while the broker answers others is stuck. */
  fetchTimeoutMs: number
  /** So is one that finishes nothing for so long while the database answers. */
  workTimeoutMs: number
}

const superviseDefaults: SuperviseSettings = {
  everyMs: 5_000,
  fetchTimeoutMs: 30_000,
  workTimeoutMs: 60_000,
}

/** A consumer that answers its health checks and moves nothing: the process had better be restarted. */
export class ConsumerStuck extends Error {}

/** What is wrong with the progress, if the broker and the database were there since `healthySinceMs`. */
function findStuck(
  { isAssigned, fetchedAtMs, stalledSinceMs }: Progress,
  healthySinceMs: number,
  nowMs: number,
  { fetchTimeoutMs, workTimeoutMs }: SuperviseSettings,
): string | undefined {
  const fetchIdleMs = nowMs - Math.max(fetchedAtMs, healthySinceMs)
  if (isAssigned && fetchIdleMs > fetchTimeoutMs) return `no fetch was answered for ${fetchTimeoutMs} ms`
  if (stalledSinceMs === undefined) return undefined
  const workIdleMs = nowMs - Math.max(stalledSinceMs, healthySinceMs)
  return workIdleMs > workTimeoutMs ? `nothing was finished for ${workTimeoutMs} ms` : undefined
}

/**
 * Watches that a consumer moves. Whether it is alive says nothing: kafkajs consumers were seen to stand
 * still for days beside a green health check (dYdX, PR 3367).
 *
 * An outage is never a reason to end: what counts is only the time in which `probe`, which asks broker and database
 * apart from the consumer, succeeded throughout. A process that was itself paused begins to count again.
 *
 * @param onStuck is called once
 */
export function superviseProgress(
  {
    progress,
    probe,
    onStuck,
    log,
    now = () => performance.now(),
  }: {
    progress: () => Progress
    probe: () => Promise<unknown>
    onStuck: (error: ConsumerStuck) => void
    log: Log
    now?: () => number
  },
  settings: SuperviseSettings = superviseDefaults,
): { stop(): void } {
  let healthySinceMs = now()
  let lookedAtMs = healthySinceMs
  let isLooking = false

  async function look(): Promise<void> {
    const startedMs = now()
    if (startedMs - lookedAtMs > 3 * settings.everyMs) healthySinceMs = startedMs
    lookedAtMs = startedMs
    // Nothing is probed while all is well.
    const reason = findStuck(progress(), Number.NEGATIVE_INFINITY, startedMs, settings)
    if (reason === undefined) {
      healthySinceMs = startedMs
      return
    }
    try {
      await probe()
    } catch (error) {
      healthySinceMs = now()
      log.debug({ err: error, reason }, 'the consumer waits for the end of an outage')
      return
    }
    const certain = findStuck(progress(), healthySinceMs, now(), settings)
    if (certain === undefined) return
    clearInterval(timer)
    onStuck(new ConsumerStuck(certain))
  }

  const timer = setInterval(() => {
    if (isLooking) return
    isLooking = true
    void look().finally(() => {
      isLooking = false
    })
  }, settings.everyMs)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}
