import type { Endpoint } from '../endpoint.ts'
import { type Policy, type PolicyDeps, untried } from './policy.ts'

/** The fractional part of the golden ratio: its multiples fill [0, 1) more evenly than random numbers do. */
const GOLDEN = (Math.sqrt(5) - 1) / 2

/**
 * As often as the weights say, in constant time: an alias table, read at the multiples of the golden ratio.
 *
 * Source: Vose, "A Linear Algorithm for Generating Random Numbers with a Given Distribution", 1991.
 */
export function weighted({ random }: PolicyDeps): Policy {
  let table = createTable([])
  let position = random()
  return (candidates, { tried }) => {
    if (tried.length > 0) return heaviest(untried(candidates, tried))
    if (table.of !== candidates) table = createTable(candidates)
    const { of, share, alias } = table
    if (of.length === 0) return undefined
    position = (position + GOLDEN) % 1
    const place = position * of.length
    const slot = Math.floor(place)
    return of[place - slot < share[slot]! ? slot : alias[slot]!]
  }
}

interface Table {
  of: readonly Endpoint[]
  /** The part of a slot that is its own candidate's; the rest is its alias's. */
  share: Float64Array
  alias: Uint32Array
}

function createTable(of: readonly Endpoint[]): Table {
  const count = of.length
  const share = new Float64Array(count).fill(1)
  const alias = new Uint32Array(count)
  const total = of.reduce((sum, { weight }) => sum + weight, 0)
  const scaled = of.map(({ weight }) => (total === 0 ? 1 : (weight * count) / total))
  const small: number[] = []
  const large: number[] = []
  scaled.forEach((weight, slot) => (weight < 1 ? small : large).push(slot))
  while (small.length > 0 && large.length > 0) {
    const less = small.pop()!
    const more = large.pop()!
    share[less] = scaled[less]!
    alias[less] = more
    scaled[more] = scaled[more]! + scaled[less]! - 1
    if (scaled[more] < 1) small.push(more)
    else large.push(more)
  }
  return { of, share, alias }
}

function heaviest(left: readonly Endpoint[]): Endpoint | undefined {
  return left.reduce<Endpoint | undefined>(
    (best, one) => (best === undefined || one.weight > best.weight ? one : best),
    undefined,
  )
}
