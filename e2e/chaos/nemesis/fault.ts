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

export type FaultKind = (typeof FAULT_KINDS | typeof RARE_FAULT_KINDS)[number]

type End = () => Promise<void>

/** One thing that is done to the shop, and how it is undone. */
export interface Fault {
  /** What a person reads: `SIGSTOP order-2`. */
  title: string
  /** What no second fault may be done to while it lasts. */
  target: string
  /** Resolves when it is done; gives what ends it, for what lasts. */
  begin: () => Promise<End | undefined> | End | undefined
}

/** Draws one fault of a kind; undefined where none can be made now. */
export type FaultSource = (shop: ChaosShop, random: Random) => Fault | undefined
