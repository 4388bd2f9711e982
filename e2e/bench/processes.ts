import { readdirSync, readFileSync } from 'node:fs'
import type { Shop } from '@lepton/local/shop-types'

const TICKS_PER_S = 100

/** A process and everything below it, by /proc (Linux only). */
function familyOf(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const parent = /\) \S (\d+)/.exec(read(`/proc/${name}/stat`))?.[1]
    if (parent !== undefined) parents.set(Number(name), Number(parent))
  }
  const family = [pid]
  for (let index = 0; index < family.length; index++) {
    for (const [child, parent] of parents) if (parent === family[index]) family.push(child)
  }
  return family
}

/** What runs of a shop, servers included, each with what runs below it. */
export function processesOf(shop: Shop): { name: string; pids: number[] }[] {
  return [
    ...shop.instances().map(({ instance, pid }) => ({ name: instance, pid })),
    ...shop.servers().map(({ name, pid }) => ({ name, pid })),
  ].flatMap(({ name, pid }) => (pid === undefined ? [] : [{ name, pids: familyOf(pid) }]))
}

/** Memory that is this process's own, with its share of what it shares (PSS), in MiB. */
export function pssMib(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024
}

export function cpuSeconds(pid: number): number {
  const fields = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_S
}

export function sum(pids: readonly number[], measure: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + measure(pid), 0)
}

// A process may end between the listing and the look.
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
