import type { Log } from '@lepton/common/runtime/log'
import type { AlarmEvent } from '@lepton/contracts/alarms'
import type { AlarmLog } from './log.ts'

/** What waits for Consul; beyond that the oldest is not recorded. */
const MAX_WAITING = 200

/** Records each event once over all instances of ops, and has the one that did so deliver it. */
export function createRecorder(
  history: Pick<AlarmLog, 'write'>,
  log: Log,
  deliver: (event: AlarmEvent) => void,
) {
  /** Not written yet, and whether it was delivered although it is not. */
  const waiting: { event: AlarmEvent; isSent: boolean }[] = []
  let isKept = true

  async function record(): Promise<void> {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const isOurs = await history.write(first.event).then(
        (isNew) => {
          isKept = true
          return isNew
        },
        (error: unknown) => {
          if (isKept) log.warn({ err: error }, 'alarms cannot be recorded; they are delivered all the same')
          isKept = false
          return true
        },
      )
      if (isOurs && !first.isSent) deliver(first.event)
      first.isSent = true
      if (!isKept) {
        // Those behind it are as urgent; they are recorded when Consul is back.
        for (const one of waiting.filter(({ isSent }) => !isSent)) {
          deliver(one.event)
          one.isSent = true
        }
        return
      }
      waiting.shift()
    }
  }

  return {
    record,
    add(event: AlarmEvent): void {
      waiting.push({ event, isSent: false })
      if (waiting.length > MAX_WAITING) waiting.shift()
    },
    /** Newest first. */
    waiting: () => waiting.map(({ event }) => event).toReversed(),
    isKept: () => isKept,
  }
}
