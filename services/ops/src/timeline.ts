import type { Applied, Timeline, TrailEvent } from '@lepton/contracts/ops-timeline'
import { SUBSCRIPTIONS } from '@lepton/contracts/topics'

type TimelineEvent = Timeline['events'][number]

/** Who reads a topic. */
const READERS = new Map<string, string[]>()
for (const [service, topics] of Object.entries(SUBSCRIPTIONS))
  for (const topic of topics) READERS.set(topic, [...(READERS.get(topic) ?? []), service])

/** Which service applied which event, as each of them says. */
export type AppliedBy = ReadonlyMap<string, readonly Applied[]>

/**
 * Joins what services say of an order into one story: an event after its cause, whatever order the parts came in, and
 * with it when each of its readers applied it.
 */
export function joinTimeline(parts: readonly (readonly TrailEvent[])[], applied: AppliedBy): TimelineEvent[] {
  const events = new Map(parts.flat().map((event) => [event.event_id, event]))
  const times = new Map(
    [...applied].map(([service, all]) => [service, new Map(all.map((one) => [one.event_id, one]))]),
  )
  const depths = new Map<string, number>()
  const joined = [...events.values()].map((event) => ({
    ...event,
    consumed: (READERS.get(event.topic) ?? []).map((service) => {
      const known = times.get(service)?.get(event.event_id)
      return { service, sent_at: known?.sent_at ?? null, at: known?.at ?? null }
    }),
  }))
  return joined.sort(
    (a, b) =>
      compare(a.at, b.at) ||
      depthOf(a, events, depths) - depthOf(b, events, depths) ||
      compare(a.event_id, b.event_id),
  )
}

/** How many known causes an event has one behind the other; a circle, which nothing honest makes, counts as none. */
function depthOf(
  { event_id, caused_by }: TrailEvent,
  events: ReadonlyMap<string, TrailEvent>,
  depths: Map<string, number>,
): number {
  const known = depths.get(event_id)
  if (known !== undefined) return known
  depths.set(event_id, 0)
  const cause = caused_by === null ? undefined : events.get(caused_by)
  const depth = cause === undefined ? 0 : depthOf(cause, events, depths) + 1
  depths.set(event_id, depth)
  return depth
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
