import { endBackends } from './backends.ts'
import type { FaultKind, FaultSource } from './fault.ts'
import { shiftClock } from './clock.ts'
import { fillDisk } from './disk.ts'
import { cutCable, switchOff } from './machines.ts'
import { sendMessages } from './messages.ts'
import { stormGroup } from './rebalance.ts'
import { holdTransaction } from './transactions.ts'
import type { Sources } from './nemesis.ts'
import { disturbNetwork } from './network.ts'
import { wipeLog } from './wipe.ts'
import { harmServer, killProcess, pauseProcess } from './processes.ts'

/** How each kind of fault is made, and how often beside the others. */
const SOURCES: Record<FaultKind, readonly [weight: number, source: FaultSource]> = {
  kill: [5, killProcess],
  pause: [4, pauseProcess],
  servers: [2, harmServer],
  backends: [2, endBackends],
  network: [6, disturbNetwork],
  messages: [3, sendMessages],
  rebalance: [2, stormGroup],
  transactions: [3, holdTransaction],
  clock: [2, shiftClock],
  wipe: [2, wipeLog],
  disk: [2, fillDisk],
  'power-off': [4, switchOff],
  cable: [3, cutCable],
}

export function sourcesOf(kinds: readonly FaultKind[]): Sources {
  return kinds.map((kind) => {
    const [weight, source] = SOURCES[kind]
    return { kind, weight, source }
  })
}
