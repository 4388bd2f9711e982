import type { CallPair } from '@lepton/contracts/mesh'
import { quantileMs } from '../figures.ts'
import { byNumber } from '../fleet.ts'

/** A target as one instance of the caller sees it, with what it did in the window. */
export interface Seen {
  policy: string
  budget: number
  is_panicking: boolean
  discovery_age_s: number | null
  retriedPerS: number | null
  breakers: { operation: string; state: string; since_ms: number; retry_ms: number }[]
  endpoints: SeenEndpoint[]
}

export interface SeenEndpoint {
  instance: string
  standing: CallPair['endpoints'][number]['standing']
  ejected_ms: number | null
  transport: string | null
  is_encrypted: boolean | null
  weight: number
  pending: number
  perS: number | null
  failedPerS: number | null
  /** Cumulative, a second each. */
  buckets: number[]
}

const WORST = ['ejected', 'gone', 'unverified', 'healthy']

/** What all instances of a caller see of a target, as one. */
export function pairOf(
  { caller, target }: Pick<CallPair, 'caller' | 'target'>,
  seen: readonly Seen[],
  le: readonly number[],
  isDrained: (instance: string) => boolean,
): CallPair {
  const tries = seen.flatMap(({ endpoints }) => endpoints)
  const byName = [...Map.groupBy(tries, ({ instance }) => instance)]
  const all = figuresOf(tries, le)
  const called = byName.filter(
    ([name, own]) => !isDrained(name) && own.some(({ standing }) => standing === 'healthy'),
  )
  const weights = called.reduce((sum, [, own]) => sum + own[0]!.weight, 0)
  return {
    caller,
    target,
    policies: [...new Set(seen.map(({ policy }) => policy))],
    ...all,
    retried_per_s: addUp(seen.map(({ retriedPerS }) => retriedPerS)),
    budget: seen.length === 0 ? null : Math.min(...seen.map(({ budget }) => budget)),
    is_panicking: seen.some((one) => one.is_panicking),
    discovery_age_s: most(seen.map(({ discovery_age_s }) => discovery_age_s)),
    breakers: breakersOf(seen),
    endpoints: byName
      .map(([instance, own]) => {
        const figures = figuresOf(own, le)
        const [worst] = own.toSorted((a, b) => WORST.indexOf(a.standing) - WORST.indexOf(b.standing))
        const isCalled = called.some(([name]) => name === instance)
        const ejected = most(own.map(({ ejected_ms }) => ejected_ms))
        return {
          instance,
          ...figures,
          share:
            figures.calls_per_s === null || !all.calls_per_s ? null : figures.calls_per_s / all.calls_per_s,
          expected_share: isCalled ? own[0]!.weight / weights : 0,
          pending: own.reduce((sum, { pending }) => sum + pending, 0),
          standing: worst!.standing,
          ejected_for_s: ejected === null ? null : ejected / 1_000,
          transports: [...new Set(own.flatMap(({ transport }) => transport ?? []))],
          is_encrypted: isEncrypted(own),
          weight: own[0]!.weight,
          is_drained: isDrained(instance),
        }
      })
      .sort((a, b) => byNumber.compare(a.instance, b.instance)),
  }
}

function figuresOf(tries: readonly SeenEndpoint[], le: readonly number[]) {
  const perS = addUp(tries.map((one) => one.perS))
  const failed = addUp(tries.map((one) => one.failedPerS))
  const buckets = le
    .concat(Infinity)
    .map((_, index) => tries.reduce((sum, one) => sum + (one.buckets[index] ?? 0), 0))
  return {
    calls_per_s: perS,
    success_share: perS === null || failed === null || perS === 0 ? null : 1 - failed / perS,
    p50_ms: quantileMs(le, buckets, 0.5),
    p99_ms: quantileMs(le, buckets, 0.99),
  }
}

/** Of an operation that several instances have given up, the one that has longest to wait. */
function breakersOf(seen: readonly Seen[]): CallPair['breakers'] {
  const all = seen.flatMap(({ breakers }) => breakers)
  return [...Map.groupBy(all, ({ operation }) => operation).values()].map((own) => {
    const [worst] = own.toSorted((a, b) => b.retry_ms - a.retry_ms)
    const { operation, state, since_ms, retry_ms } = worst!
    return { operation, state, since_s: since_ms / 1_000, retry_in_s: retry_ms / 1_000 }
  })
}

/** Null where none of them has spoken to it. */
function isEncrypted(own: readonly SeenEndpoint[]): boolean | null {
  const known = own.flatMap(({ is_encrypted }) => is_encrypted ?? [])
  return known.length === 0 ? null : known.every((one) => one)
}

/** Null where none of them is known. */
function addUp(rates: readonly (number | null)[]): number | null {
  const known = rates.filter((rate) => rate !== null)
  return known.length === 0 ? null : known.reduce((sum, rate) => sum + rate, 0)
}

function most(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.max(...known)
}
