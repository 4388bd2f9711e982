import type { Log } from './log.ts'
import type { Part } from './lifecycle.ts'
import { createWakeable } from './wait.ts'

/**
 * Runs `work` again and again, `everyMs` after it last ended; at once while it says there is more.
 *
 * A fault is logged and the next round comes as usual. `wake` shortens the wait.
 */
export function startTimer(
  name: string,
  everyMs: number,
  work: () => Promise<boolean>,
  log: Log,
): Part & { wake(): void } {
  let isStopped = false
  const wakeable = createWakeable()

  async function run(): Promise<void> {
    while (!isStopped) {
      let isMore = false
      try {
        isMore = await work()
      } catch (error) {
        log.warn({ err: error, timer: name }, 'timer run failed, will retry')
      }
      if (!isMore && !isStopped) await wakeable.wait(everyMs)
    }
  }

  const running = run()
  return {
    wake: wakeable.wake,
    stop: async () => {
      isStopped = true
      wakeable.wake()
      await running
    },
  }
}

const SWEEP = { everyMs: 3_600_000, batch: 1_000 }

/**
 * Deletes what is too old, at the start and then every hour.
 *
 * @param deleteOld deletes `limit` rows at most and returns how many: one statement for a busy week would meet its time limit
 */
export function startSweep(name: string, deleteOld: (limit: number) => Promise<number>, log: Log): Part {
  return startTimer(name, SWEEP.everyMs, async () => (await deleteOld(SWEEP.batch)) === SWEEP.batch, log)
}
