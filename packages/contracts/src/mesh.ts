import { z } from 'zod'
import { Instant, Reason, text } from './fields.ts'
import { partial } from './incomplete.ts'
import { route } from './route.ts'

const Figure = z.number().nullable()

const CalledEndpoint = z.object({
  instance: z.string(),
  /** Of the calls of the last minute, and by its weight among those that may be called. */
  share: Figure,
  expected_share: Figure,
  calls_per_s: Figure,
  success_share: Figure,
  p50_ms: Figure,
  p99_ms: Figure,
  pending: z.int(),
  /** As the caller's instance sees it that thinks the worst of it. */
  standing: z.enum(['healthy', 'unverified', 'ejected', 'gone']),
  ejected_for_s: Figure,
  /** How the instances of the caller speak to it: `http1`, `frames`. More than one while a change of it spreads. */
  transports: z.array(z.string()),
  /** False where one of them does so in plain text; null where none has spoken to it yet. */
  is_encrypted: z.boolean().nullable(),
  weight: Figure,
  is_drained: z.boolean(),
})

/** One service as another one calls it, over all instances of the caller. */
export const CallPair = z.object({
  caller: z.string(),
  target: z.string(),
  /** More than one while a change of it spreads. */
  policies: z.array(z.string()),
  calls_per_s: Figure,
  success_share: Figure,
  p50_ms: Figure,
  p99_ms: Figure,
  retried_per_s: Figure,
  /** The least that an instance of the caller may still send again. */
  budget: Figure,
  is_panicking: z.boolean(),
  discovery_age_s: Figure,
  breakers: z.array(
    z.object({ operation: z.string(), state: z.string(), since_s: z.number(), retry_in_s: z.number() }),
  ),
  endpoints: z.array(CalledEndpoint),
})
export type CallPair = z.infer<typeof CallPair>

/** A key of the control plane: `services/order`, `instances/order/order-1`. */
export const SettingKey = z
  .string()
  .regex(/^[a-z]{4,20}(\/[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}){0,2}$/, 'must be a key such as services/order')
  .meta({ examples: ['services/order'] })

export const SettingChange = z.object({
  at: Instant,
  who: z.string(),
  why: z.string(),
  key: z.string(),
  /** JSON; null where it was or is not set. */
  before: z.string().nullable(),
  after: z.string().nullable(),
})
export type SettingChange = z.infer<typeof SettingChange>

export const MeshView = z.object({
  ...partial,
  pairs: z.array(CallPair),
  settings: z.array(z.object({ key: z.string(), value: z.string() })),
  /** Values in Consul that cannot be used; the last good one of each stays. */
  refused: z.array(z.object({ key: z.string(), problem: z.string() })),
  /** Newest first. */
  changes: z.array(SettingChange),
})
export type MeshView = z.infer<typeof MeshView>

const operator = { owner: 'ops', access: ['operator'], problems: [] } as const

export const getMesh = route({
  ...operator,
  operation: 'get_mesh',
  method: 'GET',
  path: '/ops/mesh',
  summary:
    'Who calls whom: shares, success, round trips, retries, breakers; the settings of the mesh, and who changed them',
  answers: { 200: MeshView },
})

export const changeSetting = route({
  ...operator,
  operation: 'change_setting',
  method: 'PUT',
  path: '/ops/settings',
  summary: 'Change a setting of the mesh while it runs; without a value it is unset',
  idempotency: 'required',
  body: z
    .strictObject({
      key: SettingKey,
      /** As JSON, such as {"policy":"latency"}. */
      value: text(2_000).optional(),
      reason: Reason,
    })
    .meta({
      examples: [{ key: 'instances/order/order-9', value: '{"drain":false}', reason: 'trying it out' }],
    }),
  answers: { 200: SettingChange },
})

export const undoSetting = route({
  ...operator,
  operation: 'undo_setting',
  method: 'POST',
  path: '/ops/settings/undo',
  summary: 'Take the last change of a setting back',
  idempotency: 'required',
  body: z
    .strictObject({ key: SettingKey, reason: Reason })
    .meta({ examples: [{ key: 'instances/order/order-9', reason: 'trying it out' }] }),
  answers: { 200: SettingChange },
  problems: ['not-found'],
})

export const MESH_ROUTES = [getMesh, changeSetting, undoSetting]
