import { z } from 'zod'
import { AmountMinor, Instant, Reason, wholeText } from './fields.ts'
import { partial } from './incomplete.ts'
import { route } from './route.ts'

// Figures by the minute and by the hour of event time, computed from the topics alone.

export const Window = z.object({
  /** Its begin; it ends a minute or an hour later. */
  from: Instant,
  orders: z.int(),
  /** Captured, and given back. */
  revenue_minor: AmountMinor,
  refunded_minor: AmountMinor,
  /** Cancelled orders by their reason. */
  cancelled: z.record(z.string(), z.int()),
  /**
   * What orders that had been placed and had not ended by the window's end come to. Event times come from several clocks:
   * where they differ an order may end before it was placed, and a window's sum be negative.
   */
  in_flight_minor: z.int(),
})
export type Window = z.infer<typeof Window>

const Reading = {
  /** Which instance of ops counted; each counts the same log by itself. */
  instance: z.string(),
  /** False while it still reads what was on the log when it began: figures are too low then. */
  is_current: z.boolean(),
  /** Events that were counted, that had been before, and that came too late for it to be known whether they had. */
  counted: z.int(),
  repeated: z.int(),
  too_late: z.int(),
}

const operator = { owner: 'ops', access: ['operator'] } as const

export const getWindows = route({
  ...operator,
  operation: 'get_windows',
  method: 'GET',
  path: '/ops/streams/windows',
  summary: 'Orders, revenue, cancellations and money in flight, by the minute or the hour of event time',
  query: z.strictObject({
    per: z.enum(['minute', 'hour']).default('minute'),
    limit: wholeText(1, 1_440).default(60),
  }),
  answers: { 200: z.object({ ...partial, ...Reading, windows: z.array(Window) }) },
  problems: [],
})

export const StreamRebuild = z.object({
  started_at: Instant,
  finished_at: Instant.nullable(),
  counted: z.int(),
  /** Of the windows that had ended before it began: how many there are, and how many came out otherwise. */
  windows: z.int(),
  differed: z.int(),
})
export type StreamRebuild = z.infer<typeof StreamRebuild>

export const rebuildStreams = route({
  ...operator,
  operation: 'rebuild_streams',
  method: 'POST',
  path: '/ops/rebuilds/streams',
  summary: 'Count the windows again from the first event on the log; the old ones answer until that is done',
  idempotency: 'required',
  body: z.strictObject({ reason: Reason }).meta({ examples: [{ reason: 'trying it out' }] }),
  answers: { 202: StreamRebuild },
  problems: [],
})

export const getStreamRebuild = route({
  ...operator,
  operation: 'get_stream_rebuild',
  method: 'GET',
  path: '/ops/rebuilds/streams',
  summary: 'How far the last rebuild of the windows is',
  answers: { 200: StreamRebuild },
  problems: ['not-found'],
})

export const WINDOW_ROUTES = [getWindows, rebuildStreams, getStreamRebuild]
