import { z } from 'zod'
import { MAX_PAUSE_S } from './control.ts'
import { Instant, Reason } from './fields.ts'
import { partial } from './incomplete.ts'
import { route } from './route.ts'

/**
 * `stop_service`: all its instances stand still. `pause`: one process does. `kill_again`: one of its instances is killed,
 * again and again.
 */
export const FaultKind = z.enum(['stop_service', 'pause', 'kill_again'])
export type FaultKind = z.infer<typeof FaultKind>

export const Fault = z.object({
  id: z.string(),
  kind: FaultKind,
  target: z.string(),
  /** Null where it was begun before this console was, or from the command line. */
  who: z.string().nullable(),
  reason: z.string().nullable(),
  started_at: Instant.nullable(),
  /** Null where it has no end of its own. */
  ends_at: Instant.nullable(),
  /** Processes that it is meant for, and whether it is seen in each of them now. */
  processes: z.array(z.object({ name: z.string(), in_effect: z.boolean() })),
  /** How often it has killed; null where it does not kill. */
  kills: z.int().nullable(),
})
export type Fault = z.infer<typeof Fault>

export const Faults = z.object({
  ...partial,
  /** False where the processes cannot be seen: then none of it is known. */
  is_known: z.boolean(),
  items: z.array(Fault),
  catalogue: z.array(z.object({ kind: FaultKind, targets: z.array(z.string()) })),
  max_s: z.int(),
})
export type Faults = z.infer<typeof Faults>

const operator = { owner: 'ops', access: ['operator'], problems: [] } as const
const Because = z.strictObject({ reason: Reason }).meta({ examples: [{ reason: 'trying it out' }] })
const FaultId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,80}$/, 'must be the id of a fault')
  .meta({ examples: ['pause-order-1'] })

export const listFaults = route({
  ...operator,
  operation: 'list_faults',
  method: 'GET',
  path: '/ops/faults',
  summary:
    'What is broken on purpose now, in which processes it is seen, when it ends, and what can be broken',
  answers: { 200: Faults },
})

export const startFault = route({
  ...operator,
  operation: 'start_fault',
  method: 'POST',
  path: '/ops/faults',
  summary: 'Break something for a while; it ends by itself',
  idempotency: 'required',
  body: z
    .strictObject({
      kind: FaultKind,
      target: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be a service, an instance or a server'),
      for_s: z.int().min(1).max(MAX_PAUSE_S),
      reason: Reason,
    })
    .meta({ examples: [{ kind: 'pause', target: 'order-9', for_s: 5, reason: 'trying it out' }] }),
  answers: { 201: Fault },
  problems: ['not-possible-here', 'not-found'],
})

export const stopFault = route({
  ...operator,
  operation: 'stop_fault',
  method: 'DELETE',
  path: '/ops/faults/:fault',
  summary: 'End a fault before its time',
  idempotency: 'required',
  params: z.strictObject({ fault: FaultId }),
  body: Because,
  answers: { 200: Fault },
  problems: ['not-possible-here'],
})

export const stopFaults = route({
  ...operator,
  operation: 'stop_faults',
  method: 'DELETE',
  path: '/ops/faults',
  summary: 'End every fault',
  idempotency: 'required',
  body: Because,
  answers: { 200: z.object({ ended: z.int() }) },
  problems: ['not-possible-here'],
})

export const FAULT_ROUTES = [listFaults, startFault, stopFault, stopFaults]
