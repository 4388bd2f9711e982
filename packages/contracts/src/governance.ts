import { z } from 'zod'
import { text } from './fields.ts'
import { route } from './route.ts'

/** As Consul and DNS take it. */
export const ServiceName = z
  .string()
  .regex(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and dashes')
const operator = { owner: 'ops', access: ['operator'] } as const
const Registered = z.object({
  status: z.literal('success'),
  service_name: z.string(),
  /** The name of the instance in the registry. */
  instance: z.string(),
})
const PLACE = { service_name: 'billing', service_address: '127.0.0.1', service_port: 9_500 }

const Place = z.strictObject({
  service_name: ServiceName,
  /** An address, no name: what a name stands for may change after it was checked. */
  service_address: z.union([z.ipv4(), z.ipv6()]),
  service_port: z.int().min(1).max(65_535),
})

/** A path of a participant; `{id}` in it stands for the transaction. */
export const BranchPath = z
  .string()
  .max(200)
  .regex(
    /^(?:\/(?:[\w~-][\w.~-]*|\{id\}))*\/\{id\}(?:\/(?:[\w~-][\w.~-]*|\{id\}))*$/,
    'must be a path with {id} in it, such as /branches/{id}/confirm',
  )

/** What makes a service a participant in transactions: it is asked for these, by PUT, as often as it takes. */
export const Participant = z.strictObject({ prepare: BranchPath, confirm: BranchPath, cancel: BranchPath })
export type Participant = z.infer<typeof Participant>

/** The same as metadata of an instance in the registry. */
export function metaOf({ prepare, confirm, cancel }: Participant): Record<string, string> {
  return { participant_prepare: prepare, participant_confirm: confirm, participant_cancel: cancel }
}

/** Undefined where the instance does not say that it takes part, or not in words that one may call. */
export function participantIn(meta: Readonly<Record<string, string>>): Participant | undefined {
  const { participant_prepare: prepare, participant_confirm: confirm, participant_cancel: cancel } = meta
  return Participant.safeParse({ prepare, confirm, cancel }).data
}

export const registerService = route({
  ...operator,
  operation: 'register_service',
  method: 'POST',
  path: '/register',
  summary: 'Put an instance of a foreign service into the registry, with a check that it accepts connections',
  body: Place.extend({ participant: Participant.optional() }).meta({ examples: [PLACE] }),
  answers: { 200: Registered },
  problems: ['address-not-allowed'],
})

export const deregisterService = route({
  ...operator,
  operation: 'deregister_service',
  method: 'DELETE',
  path: '/register',
  summary: 'Take an instance of a foreign service out of the registry',
  body: Place.meta({ examples: [PLACE] }),
  answers: { 200: Registered },
  problems: ['not-found'],
})

export const askService = route({
  ...operator,
  operation: 'ask_service',
  method: 'GET',
  path: '/service',
  summary:
    'Ask an instance of a registered service for a path, over the mesh; the name may also be in a JSON body',
  query: z.strictObject({
    service_name: ServiceName.meta({ examples: ['billing'] }),
    path: z
      .string()
      .max(500)
      .regex(
        /^\/(?!\.)(?:[\w~-][\w.~-]*(?:\/[\w~-][\w.~-]*)*\/?)?$/,
        'must be a path of letters, digits and ._~-',
      )
      .default('/'),
  }),
  answers: {
    200: z.object({
      status: z.literal('success'),
      service_name: z.string(),
      /** Which of its instances answered, and what. */
      instance: z.string(),
      answer: z.object({ status: z.int(), content_type: text(200).nullable(), body: z.string() }),
    }),
  },
  problems: ['not-found'],
})

export const GOVERNANCE_ROUTES = [registerService, deregisterService, askService]
