import { endBackends } from './backends.ts'
import type { FaultKind, FaultSource } from './fault.ts'
import { disturbNetwork } from './network.ts'
import { harmServer, killProcess, pauseProcess } from './processes.ts'

/** How each kind of fault is made, and how often beside the others. */
const SOURCES: Partial<Record<FaultKind, readonly [weight: number, source: FaultSource]>> = {
  kill: [5, killProcess],
  pause: [4, pauseProcess],
  servers: [2, harmServer],
  backends: [2, endBackends],
  network: [6, disturbNetwork],
}

export function sourcesOf(kinds: readonly FaultKind[]) {
  return new Map(
    kinds.flatMap((kind) => {
      const source = SOURCES[kind]
      return source === undefined ? [] : [[kind, source] as const]
    }),
  )
}
