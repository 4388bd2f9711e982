import { z } from 'zod'
import { MAX_PAUSE_S } from './control.ts'
import { Instant, Reason, text, wholeText } from './fields.ts'
import { partial } from './incomplete.ts'
import { route } from './route.ts'
import { RUNTIMES } from './session.ts'

// What the web app shows of the machinery. A figure that is not known is null, never 0.

const Figure = z.number().nullable()
const Count = z.int().nullable()

/** `gone`: it was there and the registry names it no more; kept for ten minutes. */
export const InstanceState = z.enum(['passing', 'warning', 'failing', 'gone'])
export type InstanceState = z.infer<typeof InstanceState>

const InstanceBrief = z.object({ name: z.string(), state: InstanceState, since: Instant })

/** What one instance did in the last two seconds. */
export const InstanceFigures = z.object({
  requests_per_s: Figure,
  /** Of its answers, those with a 5xx. */
  error_share: Figure,
  p99_ms: Figure,
  cpu_share: Figure,
  loop_share: Figure,
  rss_bytes: Count,
})
export type InstanceFigures = z.infer<typeof InstanceFigures>

export const InstanceView = InstanceBrief.extend({
  service: z.string(),
  /** Why it is in another state than `passing`. */
  because: z.string().nullable(),
  started_at: Instant.nullable(),
  /** As the launcher says; null where there is none. */
  process: z.object({ status: z.string(), pid: z.int().nullable(), restarts: z.int() }).nullable(),
  figures: InstanceFigures,
})
export type InstanceView = z.infer<typeof InstanceView>

export const ServiceView = z.object({
  service: z.string(),
  /** Instances that ought to run. */
  expected: z.int(),
  instances: z.array(InstanceView),
  figures: z.object({
    requests_per_s: Figure,
    error_share: Figure,
    p99_ms: Figure,
    /** Records that wait for its consumers, by their own word. */
    lag_records: Count,
    outbox_pending: Count,
    outbox_oldest_s: Figure,
    dead_letters: Count,
  }),
})
export type ServiceView = z.infer<typeof ServiceView>

const ServerView = z.object({ name: z.string(), title: z.string(), status: z.string(), restarts: z.int() })

/** Of all orders on the log; what is published again counts again. */
export const OrderFigures = z.object({
  accepted: Count,
  completed: Count,
  /** Ended otherwise: cancelled, rejected, refunded. */
  undone: Count,
  in_flight: Count,
  accepted_per_s: Figure,
  /** From accepted to completed, of the last five minutes. */
  completed_p50_ms: Figure,
  completed_p99_ms: Figure,
  captured_minor: Count,
  refunded_minor: Count,
})
export type OrderFigures = z.infer<typeof OrderFigures>

/** What the last comparison of all orders found; null until there was one. */
export const Books = z
  .object({ checked_at: Instant, orders: z.int(), lost: z.int(), charged_twice: z.int(), oversold: z.int() })
  .nullable()
export type Books = z.infer<typeof Books>

/** One step of an order: a number that stands for it, from where to where, how, and how long it took (ms). */
export const FlowRow = z
  .tuple([z.int(), z.string(), z.string(), z.enum(['request', 'event']), z.int()])
  // Not every reader of OpenAPI knows prefixItems.
  .meta({ prefixItems: undefined, items: { type: ['integer', 'string'] }, minItems: 5, maxItems: 5 })
export type FlowRow = z.infer<typeof FlowRow>
export const Flow = z.object({
  /** The share of orders that is shown: all of them up to 20 a second. */
  share: z.number(),
  rows: z.array(FlowRow),
})
export type Flow = z.infer<typeof Flow>

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

export const ACTIONS = ['kill', 'pause', 'restart', 'add', 'remove', 'wipe'] as const
export const Capabilities = z.object({
  runtime: z.enum(RUNTIMES),
  actions: z.record(
    z.enum(ACTIONS),
    z.object({
      allowed: z.boolean(),
      reason: z.string().optional(),
      /** What to type instead. */
      command: z.string().optional(),
    }),
  ),
})
export type Capabilities = z.infer<typeof Capabilities>

/** Something that happened to a process, as it was seen. */
export const Mark = z.object({
  id: z.string(),
  at: Instant,
  kind: z.enum(['instance', 'action']),
  name: z.string(),
  what: z.string(),
  who: z.string().nullable(),
  reason: z.string().nullable(),
})
export type Mark = z.infer<typeof Mark>

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
/** Of an instance, as its `INSTANCE` says: `order-1`, or a container's id. */
const Name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9 and -')
  .meta({ examples: ['order-1'] })
const OfInstance = z.strictObject({ name: Name })
const EXAMPLE = { examples: [{ reason: 'trying it out' }] }
const Because = z.strictObject({ reason: Reason }).meta(EXAMPLE)
/** `for_s` is how long a pause lasts. */
const Struck = Because.extend({ for_s: z.int().min(1).max(MAX_PAUSE_S).default(10) }).meta(EXAMPLE)

/** What became of an act: `observed` is the state that was seen afterwards. */
export const ActResult = z.object({ name: z.string(), action: z.string(), observed: z.string() })
export type ActResult = z.infer<typeof ActResult>

const act = {
  ...operator,
  method: 'POST',
  idempotency: 'required',
  problems: ['not-possible-here', 'not-found'],
} as const

export const getPulse = route({
  ...operator,
  access: ['anyone'],
  operation: 'get_pulse',
  method: 'GET',
  path: '/pulse',
  summary: 'How the shop fares, made once a second: figures and topology without any id',
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
    'Figures every two seconds, steps of orders four times a second, and marks as they happen; marks are sent again to who comes back',
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

export const getCapabilities = route({
  ...operator,
  operation: 'get_capabilities',
  method: 'GET',
  path: '/ops/capabilities',
  summary: 'What can be done to processes here, and what to type where it cannot',
  answers: { 200: Capabilities },
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

export const listServices = route({
  ...operator,
  operation: 'list_services',
  method: 'GET',
  path: '/ops/services',
  summary: 'Services with the instances that are expected, and those that are there',
  answers: {
    200: z.object({ ...partial, items: z.array(ServiceView), servers: z.array(ServerView).nullable() }),
  },
})

export const getInstance = route({
  ...operator,
  operation: 'get_instance',
  method: 'GET',
  path: '/ops/instances/:name',
  summary: 'One instance: its state, its figures, its routes and whom it calls',
  params: OfInstance,
  answers: {
    200: InstanceView.extend({
      routes: z.array(z.object({ method: z.string(), route: z.string(), count: z.int(), failed: z.int() })),
      calls: z.array(
        z.object({
          target: z.string(),
          operation: z.string(),
          count: z.int(),
          failed: z.int(),
          breaker: z.string(),
        }),
      ),
    }),
  },
})

export const addInstances = route({
  ...act,
  operation: 'add_instances',
  path: '/ops/services/:service/instances',
  summary: 'Start more instances of a service; they appear among its instances when they are ready',
  params: z.strictObject({ service: Name.meta({ examples: ['order'] }) }),
  body: Because.extend({ count: z.int().min(1).max(4).default(1) }).meta(EXAMPLE),
  answers: { 202: z.object({ service: z.string(), count: z.int() }) },
})

export const removeInstance = route({
  ...act,
  operation: 'remove_instance',
  method: 'DELETE',
  path: '/ops/instances/:name',
  summary: 'Drain an instance and let it go',
  params: OfInstance,
  body: Because,
  answers: { 202: ActResult },
})

export const actOnInstance = route({
  ...act,
  operation: 'act_on_instance',
  path: '/ops/instances/:name/:action',
  summary: 'Kill an instance, pause it for some seconds, or restart it; the answer says what was seen of it',
  params: OfInstance.extend({ action: z.enum(['kill', 'pause', 'restart']).meta({ examples: ['restart'] }) }),
  body: Struck,
  answers: { 200: ActResult, 202: ActResult },
})

export const actOnServer = route({
  ...act,
  operation: 'act_on_server',
  path: '/ops/servers/:server/:action',
  summary: 'Kill, pause or restart PostgreSQL, Kafka or Consul, or wipe Kafka',
  params: z.strictObject({
    server: z.enum(['postgres', 'kafka', 'consul']).meta({ examples: ['kafka'] }),
    action: z.enum(['kill', 'pause', 'restart', 'wipe']).meta({ examples: ['restart'] }),
  }),
  body: Struck,
  answers: { 200: ActResult, 202: ActResult },
})

export const CONSOLE_ROUTES = [
  getPulse,
  streamPulse,
  streamShop,
  getCapabilities,
  getOverview,
  getSeries,
  listServices,
  getInstance,
  addInstances,
  removeInstance,
  actOnInstance,
  actOnServer,
]
