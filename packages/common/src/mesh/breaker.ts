import type { EventEmitter } from 'node:events'
import CircuitBreaker from 'opossum'

export type BreakerState = 'closed' | 'half-open' | 'open'

export interface BreakerSettings {
  /** Fewer calls than this in the window say nothing. */
  volume: number
  errorPercent: number
  windowMs: number
  buckets: number
  /** How long it refuses before it lets a probe through. */
  resetMs: number
}

export const breakerDefaults: BreakerSettings = {
  volume: 10,
  errorPercent: 50,
  windowMs: 5_000,
  buckets: 5,
  resetMs: 2_000,
}

export interface Breaker {
  state(): BreakerState
  /** How long it has been in its state. */
  inStateMs(): number
  /** How long until a refused caller may try again; 0 while calls are let through. */
  retryAfterMs(): number
  /**
   * Runs `work` if calls are let through, else throws BreakerOpen.
   *
   * Results and errors count as they are judged: an end that says `nothing` neither closes nor opens the breaker, and
   * another call may be the probe. `work` must end by itself: a call that never does, made as the probe, would keep all
   * others out.
   */
  run<T>(work: () => Promise<T>): Promise<T>
  /** Lets calls through again, because something changed that the breaker cannot know. */
  reset(): void
  shutdown(): void
}

/** What the end of a call says about its operation. */
export type Verdict = 'good' | 'bad' | 'nothing'

export class BreakerOpen extends Error {}

/** A failed call, for opossum, which needs an error and looks at nothing in it. */
const failed = new Error('failed')

/**
 * An opossum breaker without its surprises.
 *
 * A call that began before the breaker last opened or closed is evidence of another time: opossum
 * never learns how it ended, so it cannot close a breaker that is probing. Refused calls stay out of
 * the statistics, where they would dilute the failure rate. When it closes, its statistics begin with
 * nothing: failures of before would open it again at the first failure after.
 */
export function createBreaker({
  name,
  rotate,
  settings,
  judgeResult,
  judgeError,
  onChange,
  now,
}: {
  name: string
  /** Emits `rotate` once for each bucket's length; shared by all breakers. */
  rotate: EventEmitter
  settings: BreakerSettings
  judgeResult: (result: unknown) => Verdict
  judgeError: (error: unknown) => Verdict
  onChange: (state: BreakerState) => void
  now: () => number
}): Breaker {
  const { resetMs } = settings
  let generation = 0
  let openedAtMs = 0
  let changedAtMs = now()
  /** The breaker is half-open, and its probe ended without saying anything. */
  let admitsProbe = false
  let circuit = createCircuit()

  function change(state: BreakerState): void {
    changedAtMs = now()
    onChange(state)
  }

  /** Closed, and nothing counts that was before. */
  function restart(): void {
    circuit.shutdown()
    circuit = createCircuit()
    generation += 1
  }

  function createCircuit({ isHalfOpen = false } = {}) {
    const created = new CircuitBreaker((attempt: () => Promise<void>) => attempt(), {
      name,
      timeout: false,
      resetTimeout: resetMs,
      volumeThreshold: settings.volume,
      errorThresholdPercentage: settings.errorPercent,
      rollingCountTimeout: settings.windowMs,
      rollingCountBuckets: settings.buckets,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      rotateBucketController: rotate,
      ...(isHalfOpen && { state: { closed: false, halfOpen: true } }),
    })
    created.on('open', () => {
      generation += 1
      openedAtMs = now()
      change('open')
    })
    created.on('halfOpen', () => change('half-open'))
    created.on('close', () => {
      restart()
      change('closed')
    })
    return created
  }

  /** The caller hears of a failure after the breaker did: its next call meets the new state. */
  async function runClosed<T>(work: () => Promise<T>): Promise<T> {
    const begun = generation
    try {
      const result = await work()
      const failing = note(begun, judgeResult(result))
      if (failing !== undefined) await failing
      return result
    } catch (error) {
      await note(begun, judgeError(error))
      throw error
    }
  }

  /**
   * A success changes nothing but the statistics, which opossum keeps by its own events: to fire for it would
   * cost more than all else that the mesh does for a call.
   */
  function note(begun: number, verdict: Verdict): Promise<void> | undefined {
    if (begun !== generation || verdict === 'nothing') return undefined
    // It rejects with what it is given.
    if (verdict === 'bad') return circuit.fire(() => Promise.reject(failed)).catch(() => undefined)
    circuit.emit('fire')
    circuit.emit('success')
    return undefined
  }

  function runProbe<T>(work: () => Promise<T>): Promise<T> {
    if (!circuit.pendingClose) {
      if (!circuit.halfOpen || !admitsProbe) return Promise.reject(new BreakerOpen(`${name} fails too often`))
      // The probe before said nothing. opossum has no way to let another one in but to begin half-open again.
      circuit.shutdown()
      circuit = createCircuit({ isHalfOpen: true })
    }
    admitsProbe = false
    const begun = generation
    return new Promise<T>((resolve, reject) => {
      let deliver = () => reject(new BreakerOpen(`${name} is shut down`))
      function attempt(): Promise<void> {
        return new Promise((succeed, fail) => {
          function end(verdict: Verdict): void {
            // Left unsettled, the call says nothing to opossum.
            if (begun !== generation) deliver()
            else if (verdict === 'bad') fail(failed)
            else if (verdict === 'good') succeed()
            else {
              admitsProbe = true
              deliver()
            }
          }
          work().then(
            (result) => {
              deliver = () => resolve(result)
              end(judgeResult(result))
            },
            (error: unknown) => {
              deliver = () => reject(error)
              end(judgeError(error))
            },
          )
        })
      }
      circuit.fire(attempt).then(
        () => deliver(),
        () => deliver(),
      )
    })
  }

  return {
    state: () => (circuit.closed ? 'closed' : circuit.opened ? 'open' : 'half-open'),

    inStateMs: () => now() - changedAtMs,

    retryAfterMs: () =>
      circuit.closed || circuit.pendingClose || admitsProbe ? 0 : Math.max(1, openedAtMs + resetMs - now()),

    run: (work) => (circuit.closed && !circuit.isShutdown ? runClosed(work) : runProbe(work)),

    reset() {
      const wasClosed = circuit.closed
      restart()
      if (!wasClosed) change('closed')
    },
    shutdown: () => circuit.shutdown(),
  }
}
