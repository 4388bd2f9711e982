import type { Backoff } from '@lepton/common/runtime/backoff'

export interface ProcessSpec {
  name: string
  command: string[]
  /** A change of user, which has to come before the tether. */
  prefix?: string[]
  /** The user and group to run as instead of root. */
  uid?: number | undefined
  env: Record<string, string>
  cwd: string
  logFile: string
  /** Whether it gets processor time before the others: the entrance, whose refusals must not wait for the work. */
  goesFirst?: boolean
  /** What ends it when the launcher is gone. */
  deathSignal: 'KILL' | 'INT'
  stopSignal: NodeJS.Signals
  isReady: () => Promise<boolean>
}

export interface Supervision {
  /** Of restarts; it begins again after a run of `resetAfterMs`. */
  backoff: Backoff & { resetAfterMs: number }
  readyPollMs: number
  readyTimeoutMs: number
  /** A process that ends this often before it was ready once is given up. */
  maxEarlyExits: number
}

export type ProcessStatus =
  'starting' | 'ready' | 'paused' | 'backing_off' | 'stopping' | 'stopped' | 'failed'

export type ProcessEvent =
  | { type: 'spawned'; pid: number; deathSignal: 'KILL' | 'INT' }
  | { type: 'ready'; pid: number; afterMs: number }
  | { type: 'exited'; pid: number }
  | { type: 'crashed'; reason: string; restartInMs: number }
  /** `below`: the processes it started, which are paused with it. */
  | { type: 'paused'; below: number[] }
  | { type: 'resumed'; below: number[] }
