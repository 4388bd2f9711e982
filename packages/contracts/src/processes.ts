import { z } from 'zod'
import { MAX_PAUSE_S } from './control.ts'
import { Reason } from './fields.ts'
import { InstanceView, ServerView, ServiceView } from './figures.ts'
import { partial } from './incomplete.ts'
import { route } from './route.ts'
import { RUNTIMES } from './session.ts'

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

export const getCapabilities = route({
  ...operator,
  operation: 'get_capabilities',
  method: 'GET',
  path: '/ops/capabilities',
  summary: 'What can be done to processes here, and what to type where it cannot',
  answers: { 200: Capabilities },
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
  summary: 'One instance: its state, its figures, its routes and the services it calls',
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
  summary: 'Drain an instance and stop it',
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
