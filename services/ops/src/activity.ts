import type { Endpoint } from '@lepton/common/http/app'

/** After so long in which nothing happened and no one looked, less is asked of the instances. */
const QUIET_AFTER_MS = 60_000
/** One sample in so many steps, then. */
const QUIET_STEPS = 5

export interface Activity {
  /** Something happened, or someone looks. */
  note(): void
  /** Whether the instances are to be sampled in this step; to be asked once in each. */
  isSampled(): boolean
  /** The same endpoints, each request of which is noted. */
  noted(endpoints: readonly Endpoint[]): Endpoint[]
}

/** Knows whether the shop is at rest and no one watches it. */
export function createActivity(now = () => performance.now()): Activity {
  let notedAtMs = now()
  let skipped = 0
  function note(): void {
    notedAtMs = now()
  }
  return {
    note,
    isSampled() {
      const isQuiet = now() - notedAtMs >= QUIET_AFTER_MS
      skipped = isQuiet ? (skipped + 1) % QUIET_STEPS : 0
      return skipped === 0
    },
    noted: (endpoints) =>
      endpoints.map(({ route, run }) => ({
        route,
        run: (call) => {
          note()
          return run(call)
        },
      })),
  }
}
