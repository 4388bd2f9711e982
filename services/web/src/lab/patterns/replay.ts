import type { Lane } from '@lepton/contracts/recordings'
import { type Place, PLACES } from '../../plate/places.ts'

/** A kill takes no time, and is seen for so long all the same. */
const SEEN_MS = 1_500
/** Instances that a service has in a shop that is attacked. */
const INSTANCES = 2

export interface Moment {
  accepted: number
  ended: number
  faults: number
  /** What is being done to the shop now. */
  titles: string[]
  instances: Partial<Record<Place, ('alive' | 'gone')[]>>
}

/** What a lane has come to at an instant; after its end, what it came to in all. */
export function momentAt({ counts, faults }: Lane, at: number): Moment {
  const [, accepted, ended] = counts.findLast(([when]) => when <= at) ?? [0, 0, 0]
  const lasting = faults.filter(({ at: began, ends }) => began <= at && at < Math.max(ends, began + SEEN_MS))
  return {
    accepted,
    ended,
    faults: faults.filter(({ at: began }) => began <= at).length,
    titles: lasting.map(({ title }) => title),
    instances: instancesOf(lasting),
  }
}

function instancesOf(faults: Lane['faults']): Moment['instances'] {
  const places = Object.keys(PLACES) as Place[]
  return Object.fromEntries(
    places.map((place) => {
      const hits = faults.filter(({ hits: names }) => names.includes(place))
      // One that is named with its number is hit alone.
      const isWhole = hits.some(({ title }) => !new RegExp(`${place}-\\d`).test(title))
      const count = place === 'psp' ? 1 : INSTANCES
      const gone = Math.min(count, isWhole ? count : hits.length)
      return [place, Array.from({ length: count }, (_, index) => (index < count - gone ? 'alive' : 'gone'))]
    }),
  )
}

/** What moved after one instant and up to another. */
export function movesBetween({ moves }: Lane, after: number, until: number): Lane['moves'] {
  return moves.filter(([at]) => at > after && at <= until)
}

export function isKept({ broken }: Lane, id: Lane['broken'][number]['id']): boolean {
  return broken.every((one) => one.id !== id)
}
