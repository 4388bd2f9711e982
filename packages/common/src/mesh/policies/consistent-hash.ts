import type { Endpoint } from '../endpoint.ts'
import { hashOf } from '../hash.ts'
import { atRandom } from './random.ts'
import { type Policy, type PolicyDeps } from './policy.ts'

/** Sizes of the table, all prime: the first that has a hundred places for each candidate. */
const SIZES = [251, 1_021, 5_003, 20_011, 65_537]
const PLACES_EACH = 100
/** No endpoint takes more than this multiple of the mean of requests in flight. */
const MOST_LOAD = 1.25

/**
 * Requests of one key go to one endpoint, and few keys move when endpoints come and go. An endpoint that has more than
 * its share of requests in flight passes further ones on to the next place of the table. Requests without a key go anywhere.
 *
 * Sources: Maglev, Eisenbud et al. 2016; consistent hashing with bounded loads, Mirrokni et al. 2018.
 */
export function consistentHash(deps: PolicyDeps): Policy {
  const anywhere = atRandom(deps)
  let table = createTable([])
  return (candidates, choice) => {
    const { key, tried, inFlight } = choice
    if (key === undefined) return anywhere(candidates, choice)
    if (table.of !== candidates) table = createTable(candidates)
    const { of, places } = table
    if (of.length === 0) return undefined
    const most = Math.ceil((MOST_LOAD * (inFlight + 1)) / of.length)
    const start = hashOf(key, 0) % places.length
    let fallback: Endpoint | undefined
    for (let step = 0; step < places.length; step++) {
      const endpoint = of[places[(start + step) % places.length]!]!
      if (tried.includes(endpoint)) continue
      fallback ??= endpoint
      if (endpoint.pending < most) return endpoint
    }
    return fallback
  }
}

interface Table {
  of: readonly Endpoint[]
  /** Each place of the table names a candidate. */
  places: Uint32Array
}

function createTable(of: readonly Endpoint[]): Table {
  if (of.length === 0) return { of, places: new Uint32Array(1) }
  const size = SIZES.find((size) => size >= of.length * PLACES_EACH) ?? SIZES.at(-1)!
  const places = new Uint32Array(size)
  const isTaken = new Uint8Array(size)
  // In the order of their ids, so that every caller makes the same table.
  const order = of.map((_, index) => index).sort((a, b) => (of[a]!.instance.id < of[b]!.instance.id ? -1 : 1))
  const offset = order.map((index) => hashOf(of[index]!.instance.id, 1) % size)
  const skip = order.map((index) => (hashOf(of[index]!.instance.id, 2) % (size - 1)) + 1)
  for (let filled = 0; ;) {
    for (let turn = 0; turn < order.length; turn++) {
      let place = offset[turn]!
      while (isTaken[place] === 1) place = (place + skip[turn]!) % size
      isTaken[place] = 1
      places[place] = order[turn]!
      offset[turn] = (place + skip[turn]!) % size
      if (++filled === size) return { of, places }
    }
  }
}
