import type { Log } from './log.ts'
import type { Part } from './lifecycle.ts'

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
  let wakeUp: (() => void) | undefined
  let isAwake = false

  async function run(): Promise<void> {
    while (!isStopped) {
      let isMore = false
      isAwake = false
      try {
        isMore = await work()
      } catch (error) {
        log.warn({ err: error, timer: name }, 'timer run failed, will retry')
      }
      if (isMore || isAwake || isStopped) continue
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs)
        wakeUp = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      wakeUp = undefined
    }
  }

  function wake(): void {
    isAwake = true
    wakeUp?.()
  }

  const running = run()
  return {
    wake,
    stop: async () => {
      isStopped = true
      wake()
      await running
    },
  }
}
