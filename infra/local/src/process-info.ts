import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

interface Stat {
  parent: number
  state: string
  startedAt: string
}

/** Whether the process runs. A zombie does not: some machines take seconds to collect one. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return stat(pid)?.state !== 'Z'
}

/** Tells a process from a later one that got its number; undefined when it does not run. */
export function startedAt(pid: number): string | undefined {
  const found = stat(pid)
  return found?.state === 'Z' ? undefined : found?.startedAt
}

/** Signals a process that may be gone by now. */
export function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The processes below `pid`, nearest first. */
export function descendants(pid: number): number[] {
  const parents = process.platform === 'linux' ? parentsOnLinux() : parentsByPs()
  const found = [pid]
  for (const parent of found) {
    for (const [child, itsParent] of parents) if (itsParent === parent) found.push(child)
  }
  return found.slice(1)
}

function stat(pid: number): Stat | undefined {
  if (process.platform !== 'linux') return statByPs(pid)
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command, in parentheses, may hold anything; the fields after it do not.
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', parent: Number(fields[1]), startedAt: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

function statByPs(pid: number): Stat | undefined {
  // The time is in words of the locale: two processes have to read the same.
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
  const args = ['-o', 'stat=,ppid=,lstart=', '-p', String(pid)]
  const { stdout } = spawnSync('ps', args, { encoding: 'utf8', env })
  const [state, parent, ...started] = (stdout ?? '').trim().split(/\s+/)
  return state ? { state: state.charAt(0), parent: Number(parent), startedAt: started.join('_') } : undefined
}

function parentsOnLinux(): [number, number][] {
  return readdirSync('/proc').flatMap((name) => {
    const found = /^\d+$/.test(name) ? stat(Number(name)) : undefined
    return found ? [[Number(name), found.parent] as [number, number]] : []
  })
}

function parentsByPs(): [number, number][] {
  const { stdout } = spawnSync('ps', ['-axo', 'pid=,ppid='], { encoding: 'utf8' })
  return (stdout ?? '')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number])
}
