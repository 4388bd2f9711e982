import { within } from '../runtime/wait.ts'

export interface RunningTry<T> {
  done: Promise<T>
  isGood(result: T): boolean
  /** Nothing waits for its result any more. */
  cancel(): void
}

/**
 * The result of a try. Where it is late, another begins beside it: the first good result counts, and what is still
 * running is cancelled. The late one is not: it may need that long. Source: Dean and Barroso, "The Tail at Scale", 2013.
 *
 * @param chances for a second one, each so many ms after the first began, the earliest first; the next is taken where
 *   one begins nothing
 */
export async function firstGood<T>(
  first: RunningTry<T>,
  chances: readonly { afterMs: number; begin: () => RunningTry<T> | undefined }[],
): Promise<T> {
  let second: RunningTry<T> | undefined
  let waitedMs = 0
  for (const { afterMs, begin } of chances) {
    if (!(await isLate(first.done, afterMs - waitedMs))) return first.done
    waitedMs = afterMs
    second = begin()
    if (second !== undefined) break
  }
  if (second === undefined) return first.done
  // Each end is noted by the try itself: the fault of one that is not waited for is of no interest here.
  for (const { done } of [first, second]) done.catch(() => undefined)
  const running = new Set([first, second])
  const ended = (one: RunningTry<T>) => one.done.then((result) => ({ one, result }))
  const { one, result } = await Promise.race([ended(first), ended(second)])
  running.delete(one)
  const [other] = running
  if (!one.isGood(result)) return other!.done
  other!.cancel()
  return result
}

const isLate = (done: Promise<unknown>, lateMs: number): Promise<boolean> =>
  within(
    lateMs,
    done.then(() => false),
    true,
  )
