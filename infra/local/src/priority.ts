import { writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'

/**
 * Sets how much a process weighs when processor time is short: `nice`, from -20 (most) to 19.
 *
 * Linux gives every session a scheduling group of its own (sched(7), "The autogroup feature"), and the nice value of a
 * process counts only inside its group. Each process of the shop leads a session, so its group is weighed too.
 * A value below zero needs root: without it the process keeps the weight it has.
 */
export function weigh(pid: number, nice: number): void {
  const ways = [
    () => setPriority(pid, nice),
    () => writeFileSync(`/proc/${pid}/autogroup`, String(nice), { flag: 'r+' }),
  ]
  for (const way of ways) {
    try {
      way()
    } catch {
      // It has ended, the system has no such groups, or it may not be raised: it runs all the same.
    }
  }
}
