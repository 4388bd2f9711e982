import { setTimeout as delay } from 'node:timers/promises'
import type { ChaosShop } from '../chaos-shop.ts'
import type { Random } from '../random.ts'
import type { Fault, FaultKind, FaultSource } from './fault.ts'

export interface Profile {
  /** Between the beginnings of two faults. */
  everyMs: readonly [least: number, most: number]
  /** How long a fault lasts that does not end by itself. */
  lastsMs: readonly [least: number, most: number]
  /** Faults at the same time. */
  atOnce: number
}

export const PROFILES = {
  fast: { everyMs: [1_000, 3_000], lastsMs: [1_000, 8_000], atOnce: 3 },
  slow: { everyMs: [8_000, 12_000], lastsMs: [5_000, 30_000], atOnce: 3 },
} as const satisfies Record<string, Profile>

export type Sources = readonly { kind: FaultKind; weight: number; source: FaultSource }[]

export interface InjectedFault {
  kind: FaultKind
  title: string
  beganAtMs: number
  endedAtMs: number | undefined
  /** What the target was when it began. */
  note?: string
  error?: string
}

export interface Nemesis {
  readonly injected: readonly InjectedFault[]
  /** Ends every fault that still lasts. */
  heal(): Promise<void>
}

/** Harms the shop as the seed says, until everything is to be healed. */
export function startNemesis(shop: ChaosShop, random: Random, sources: Sources, profile: Profile): Nemesis {
  const stopping = new AbortController()
  const injected: InjectedFault[] = []
  const lasting = new Map<string, Promise<void>>()
  const table = sources.map(({ weight, ...rest }) => [weight, rest] as const)

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await pause(random.int(...profile.everyMs), stopping.signal)
      if (stopping.signal.aborted) return
      const lastsMs = random.int(...profile.lastsMs)
      const { kind, source } = random.weighted(table)
      const fault = lasting.size < profile.atOnce ? source(shop, random) : undefined
      if (fault === undefined || lasting.has(fault.target)) continue
      const entry: InjectedFault = {
        kind,
        title: fault.title,
        beganAtMs: Date.now(),
        endedAtMs: undefined,
      }
      injected.push(entry)
      const lasts = carryOut(fault, entry, fault.lastsMs ?? lastsMs).finally(() =>
        lasting.delete(fault.target),
      )
      lasting.set(fault.target, lasts)
    }
  }

  async function carryOut({ begin }: Fault, entry: InjectedFault, lastsMs: number): Promise<void> {
    try {
      const end = await begin((text) => (entry.note = text))
      if (end !== undefined) {
        await pause(lastsMs, stopping.signal)
        await end()
      }
    } catch (error) {
      // What hits a target that is down already hits nothing; the report says so.
      entry.error = (error as Error).message.slice(0, 200)
    }
    entry.endedAtMs = Date.now()
  }

  const running = table.length === 0 ? Promise.resolve() : run()
  return {
    injected,
    heal: async () => {
      stopping.abort()
      await running
      await Promise.all(lasting.values())
    },
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined)
}
