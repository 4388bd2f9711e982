import { LogLine } from '@lepton/contracts/ops-activity'

/** A line of our own processes; undefined for what servers and crashes write, which have no fields to show. */
export function readLogLine(text: string): LogLine | undefined {
  try {
    const { time, level, service, instance, msg, ...fields } = JSON.parse(text) as Record<string, unknown>
    return LogLine.parse({ at: time, level, service, instance, message: msg ?? '', fields })
  } catch {
    return undefined
  }
}
