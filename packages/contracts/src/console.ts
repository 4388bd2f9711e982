import { z } from 'zod'
import { Instant, text, wholeText } from './fields.ts'
import {
  Books,
  Count,
  Figure,
  Flow,
  FlowRow,
  InstanceBrief,
  Mark,
  OrderFigures,
  ServerView,
  ServiceView,
} from './figures.ts'
import { partial } from './incomplete.ts'
import { route } from './route.ts'

export const Pulse = z.object({
  as_of: Instant,
  services: z.array(z.object({ service: z.string(), expected: z.int(), instances: z.array(InstanceBrief) })),
  orders: OrderFigures.pick({ accepted: true, completed: true, in_flight: true }).extend({ per_s: Figure }),
  /** Processes that the launcher started again; null where there is no launcher. */
  kills: Count,
  books: Books,
  flow: z.array(FlowRow),
})
export type Pulse = z.infer<typeof Pulse>

export const Overview = z.object({
  ...partial,
  services: z.array(ServiceView),
  servers: z.array(ServerView).nullable(),
  orders: OrderFigures,
  kills: Count,
  books: Books,
  /** Newest first. */
  marks: z.array(Mark),
})
export type Overview = z.infer<typeof Overview>

export const Series = z.object({
  t0: Instant,
  step_ms: z.int(),
  series: z.array(
    z.object({
      name: z.string(),
      labels: z.record(z.string(), z.string()),
      values: z.array(z.number().nullable()),
    }),
  ),
  marks: z.array(Mark),
})

const operator = { owner: 'ops', access: ['operator'], problems: [] } as const

export const getPulse = route({
  ...operator,
  access: ['anyone'],
  operation: 'get_pulse',
  method: 'GET',
  path: '/pulse',
  summary: 'The state of the shop, once a second: figures and topology without any id',
  answers: { 200: Pulse },
})

export const streamPulse = route({
  ...operator,
  access: ['anyone'],
  operation: 'stream_pulse',
  method: 'GET',
  path: '/pulse/stream',
  summary: 'The same as server-sent events, once a second',
  answers: { 200: null },
  events: { pulse: Pulse },
})

export const streamShop = route({
  ...operator,
  operation: 'stream_shop',
  method: 'GET',
  path: '/ops/stream',
  summary:
    'Figures every two seconds, steps of orders four times a second, and marks as they happen; a client that reconnects gets the marks that it missed',
  query: z.strictObject({
    /** Names with commas between them; all of them where it is missing. */
    topics: z
      .string()
      .regex(/^(metrics|flow|mark)(,(metrics|flow|mark)){0,2}$/, 'must be of metrics, flow and mark')
      .optional(),
  }),
  answers: { 200: null },
  events: {
    metrics: Overview.omit({ marks: true }),
    flow: Flow,
    mark: Mark,
    /** Something was left out, or was long ago: read everything again. */
    resync: z.object({ because: z.enum(['unknown_id', 'too_slow']) }),
  },
})

export const getOverview = route({
  ...operator,
  operation: 'get_overview',
  method: 'GET',
  path: '/ops/overview',
  summary: 'Figures of all services and orders, and what happened lately',
  answers: { 200: Overview },
})

export const getSeries = route({
  ...operator,
  operation: 'get_series',
  method: 'GET',
  path: '/ops/series',
  summary: 'Figures of the last 15 minutes, one every two seconds',
  query: z.strictObject({
    /** Names with commas between them; all of them where it is missing. */
    names: text(500).optional(),
    /** How far back (s). */
    last_s: wholeText(10, 900).default(900),
  }),
  answers: { 200: Series },
})
