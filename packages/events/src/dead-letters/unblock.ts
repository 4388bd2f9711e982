import type { Log } from '@lepton/common/runtime/log'
import { isPoison } from '../poison.ts'
import type { Subscription } from '../subscription.ts'
import { type DeadLetterDeps, findReplayable, markDead } from './dead-letter.ts'
import { replay } from './replay.ts'

/** Replays BLOCKED letters whose key has nothing dead before them, so that no race strands one. */
export function startUnblocker(
  deps: DeadLetterDeps,
  subscriptions: readonly Subscription[],
  log: Log,
  everyMs: number,
) {
  let running: Promise<void> = Promise.resolve()
  async function replayOrMarkDead(subscription: Subscription, id: number): Promise<boolean> {
    try {
      return await replay(deps.database, subscription, id, Date.now())
    } catch (error) {
      if (!isPoison(error)) throw error
      log.error({ err: error, letter: id }, 'blocked record became a dead letter')
      await markDead(deps, id, error as Error)
      return false
    }
  }

  async function unblock(): Promise<void> {
    for (;;) {
      const letters = await findReplayable(deps.database, 100)
      let replayed = 0
      for (const { id, consumer } of letters) {
        const subscription = subscriptions.find(({ topic }) => topic.number === consumer)
        if (subscription !== undefined && (await replayOrMarkDead(subscription, id))) replayed++
      }
      if (replayed === 0) return
    }
  }
  const timer = setInterval(() => {
    running = running
      .then(unblock)
      .catch((error: unknown) => log.warn({ err: error }, 'unblocking failed, will retry'))
  }, everyMs)
  return {
    stop: async () => {
      clearInterval(timer)
      await running
    },
  }
}
