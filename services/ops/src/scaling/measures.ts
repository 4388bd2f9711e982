import type { ScalingSetting } from '@lepton/common/mesh/control/traffic'
import type { Snapshot } from '@lepton/common/http/snapshot'
import type { Station } from '@lepton/contracts/streams'
import { predict } from '../queues/erlang.ts'

export interface Measured {
  /** As people read it: `lag 512, 200 an instance`. */
  words: string
  /** Instances at which it would be on target; undefined where it is not known. */
  wanted: number | undefined
}

/** What is known of a service: its instances' snapshots, and its consumers as queues. */
export interface Figures {
  snapshots: readonly Snapshot[]
  stations: readonly Station[]
}

type Measure = (figures: Figures, target: number, max: number) => Measured

/** By what a service may be sized. */
export const MEASURES: Record<ScalingSetting['on'], Measure> = {
  /** Records that wait for its consumers. */
  lag: ({ stations }, target) => {
    const backlogs = stations.flatMap(({ backlog }) => backlog ?? [])
    const lag = backlogs.reduce((sum, one) => sum + one, 0)
    return {
      words: `lag ${lag}, ${target} an instance`,
      wanted: backlogs.length === 0 ? undefined : Math.max(1, lag / target),
    }
  },

  /** Per cent of a core, on average over the instances. */
  cpu: ({ snapshots }, target) => {
    const used = snapshots.reduce((sum, { cpu_share }) => sum + cpu_share, 0) * 100
    return {
      words: `CPU ${Math.round(used)} %, ${target} % an instance`,
      wanted: snapshots.length === 0 ? undefined : used / target,
    }
  },

  /** Requests in progress. */
  in_flight: ({ snapshots }, target) => {
    const counts = snapshots.flatMap(({ in_flight }) => in_flight ?? [])
    const inFlight = counts.reduce((sum, one) => sum + one, 0)
    return {
      words: `${inFlight} requests in flight, ${target} an instance`,
      wanted: counts.length === 0 ? undefined : inFlight / target,
    }
  },

  /** How long (ms) a record waits for a consumer by Erlang's formula, at its slowest: the least number with which none waits longer. */
  wait: ({ stations }, target, max) => {
    const sizes = stations.flatMap((station) => leastServers(station, target / 1_000, max) ?? [])
    const waits = stations.flatMap(({ predicted }) => predicted.wait_ms ?? [])
    return {
      words: `predicted wait ${waits.length === 0 ? 'unknown' : `${Math.round(Math.max(...waits))} ms`}, ${target} ms allowed`,
      wanted: sizes.length === 0 ? undefined : Math.max(...sizes),
    }
  },
}

function leastServers(
  { arrivals_per_s, handled_per_s, batch }: Station,
  waitS: number,
  max: number,
): number | undefined {
  if (arrivals_per_s === null || handled_per_s === null || batch === null) return undefined
  const pace = { arrivalsPerS: arrivals_per_s / batch, servedPerS: handled_per_s / batch }
  for (let servers = 1; servers < max; servers++) {
    const prediction = predict({ ...pace, servers })
    if (prediction !== undefined && prediction.wait_s <= waitS) return servers
  }
  return max
}
