import { readdirSync, readFileSync } from 'node:fs'
import { descendants } from '@lepton/local/process-info'
import type { Shop } from '@lepton/local/shop-types'

const TICKS_PER_S = 100
/** Fields of a process's `stat`, counted from behind its name. */
const [USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM] = [11, 12, 13, 14] as const

/** What runs of a shop, servers included, each with what runs below it. */
export function processesOf(shop: Shop): { name: string; pids: number[] }[] {
  return [
    ...shop.instances().map(({ instance, pid }) => ({ name: instance, pid })),
    ...shop.servers().map(({ name, pid }) => ({ name, pid })),
  ].flatMap(({ name, pid }) => (pid === undefined ? [] : [{ name, pids: [pid, ...descendants(pid)] }]))
}

/** Memory that is this process's own, with its share of what it shares (PSS), in MiB. */
export function pssMib(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024
}

export const cpuSeconds = (pid: number): number => secondsIn(pid, [USER, SYSTEM])

/** With what its children used that have ended: a server that begins a process for each connection hides it there. */
export const cpuSecondsWhole = (pid: number): number =>
  secondsIn(pid, [USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM])

/** How often it gave up the CPU to wait for something, all threads together. */
export function wakeUps(pid: number): number {
  return tasksOf(pid).reduce(
    (count, task) =>
      count +
      Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(read(`/proc/${pid}/task/${task}/status`))?.[1] ?? 0),
    0,
  )
}

export function sum(pids: readonly number[], measure: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + measure(pid), 0)
}

function secondsIn(pid: number, fields: readonly number[]): number {
  const all = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ')
  return fields.reduce((ticks, field) => ticks + Number(all[field] ?? 0), 0) / TICKS_PER_S
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

// A process may end between the listing and the look.
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
