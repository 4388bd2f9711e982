import type { ChaosShop } from '../chaos-shop.ts'
import type { Random } from '../random.ts'

export const FAULT_KINDS = [
  'kill',
  'pause',
  'servers',
  'backends',
  'network',
  'messages',
  'rebalance',
  'transactions',
  'clock',
] as const

/** Kinds that only come when they are named. */
export const RARE_FAULT_KINDS = ['wipe', 'disk'] as const

/** Kinds that need machines to lose: `--servers threes`. */
export const MACHINE_FAULT_KINDS = ['power-off', 'cable'] as const

export type FaultKind = (typeof FAULT_KINDS | typeof RARE_FAULT_KINDS | typeof MACHINE_FAULT_KINDS)[number]

/** Kinds that need servers which the shop has started itself. */
const OWN_SERVER_KINDS: readonly FaultKind[] = ['servers', 'wipe', 'disk']

export function needsOwnServers(kind: FaultKind): boolean {
  return OWN_SERVER_KINDS.includes(kind)
}

export function needsMachines(kind: FaultKind): boolean {
  return (MACHINE_FAULT_KINDS as readonly FaultKind[]).includes(kind)
}

type End = () => Promise<void>

/** One thing that is done to the shop, and how it is undone. */
export interface Fault {
  /** What a person reads: `SIGSTOP order-2`. */
  title: string
  /** What no second fault may be done to while it lasts. */
  target: string
  /** Where the profile's time for what lasts is too short for it. */
  lastsMs?: number
  /** Resolves when it is done; gives what ends it, for what lasts. What it notes of its target stands in the report. */
  begin: (note: (text: string) => void) => Promise<End | undefined> | End | undefined
}

/** Draws one fault of a kind; undefined where none can be made now. */
export type FaultSource = (shop: ChaosShop, random: Random) => Fault | undefined
