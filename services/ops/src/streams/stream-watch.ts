import type { Part } from '@lepton/common/runtime/lifecycle'
import type { Log } from '@lepton/common/runtime/log'
import { startTimer } from '@lepton/common/runtime/timer'
import { SUBSCRIPTIONS } from '@lepton/contracts/topics'
import type { LagReader } from '@lepton/events/kafka/lag'
import { createLagHistory, type LagHistory } from './lag-history.ts'

const LOOK_MS = 4_000
/** Older than this, what the broker said is not known any more. */
const STALE_MS = 12_000

const GROUPS = Object.entries(SUBSCRIPTIONS).map(([group, topics]) => ({ group, topics }))

export interface StreamWatch extends Part {
  /** Undefined while the broker does not answer. */
  of: (group: string, topic: string) => ReturnType<LagHistory['of']>
  /** When the broker last answered. */
  at(): string | null
}

/** Asks the broker how far behind each group is. A dead consumer says nothing of itself; the broker does. */
export function watchStreams(reader: LagReader, log: Log, everyMs = LOOK_MS): StreamWatch {
  const history = createLagHistory()
  let answeredAtMs: number | undefined
  let isFailing = false

  async function look(): Promise<boolean> {
    try {
      history.add(await reader.read(GROUPS), Date.now())
      answeredAtMs = Date.now()
      isFailing = false
    } catch (error) {
      if (!isFailing) log.warn({ err: error }, 'the broker does not say how far behind its groups are')
      isFailing = true
    }
    return false
  }

  const isKnown = () => answeredAtMs !== undefined && Date.now() - answeredAtMs < STALE_MS
  const timer = startTimer('streams', everyMs, look, log)
  return {
    of: (group, topic) => (isKnown() ? history.of(group, topic) : undefined),
    at: () => (isKnown() ? new Date(answeredAtMs!).toISOString() : null),
    stop: async () => {
      await timer.stop()
      await reader.close()
    },
  }
}
