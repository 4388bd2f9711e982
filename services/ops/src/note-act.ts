import type { Log } from '@lepton/common/runtime/log'
import type { Marks } from './marks.ts'

interface Act {
  who: string
  reason?: string
  action: string
  /** What it is done to. */
  name: string
  /** What the list of acts says. */
  what: string
}

/** Every act of an operator is in the log and among the acts that the console lists. */
export function noteAct(
  { log, marks }: { log: Log; marks: Marks },
  { action, name, what, ...by }: Act,
  details: object = {},
): void {
  log.info({ action, target: name, ...by, ...details }, 'an operator acted')
  marks.add({ kind: 'action', name, what, ...by })
}
