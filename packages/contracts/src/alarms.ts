import { z } from 'zod'
import { Instant, Reason, text } from './fields.ts'
import { partial } from './incomplete.ts'
import { route } from './route.ts'

/**
 * `no_data`: nothing is known now, which is neither good nor bad. `elsewhere`: only Prometheus looks back so far as this
 * one needs.
 */
export const AlarmState = z.enum(['firing', 'pending', 'no_data', 'ok', 'elsewhere'])
export type AlarmState = z.infer<typeof AlarmState>

const Labels = z.record(z.string(), z.string())

/** One thing that an alarm watches: a service, an instance, a promise. */
const AlarmLine = z.object({
  labels: Labels,
  value: z.number().nullable(),
  state: AlarmState,
  since: Instant,
  /** When it was raised, and has not been cleared since; also while there is no data. */
  raised_at: Instant.nullable(),
})

export const Alarm = z.object({
  name: z.string(),
  words: z.string(),
  severity: z.enum(['page', 'ticket']),
  unit: z.enum(['s', 'share', 'count']),
  /** Which side of the threshold is bad. */
  over: z.enum(['above', 'at_most']),
  threshold: z.number(),
  default_threshold: z.number(),
  for_s: z.int(),
  default_for_s: z.int(),
  state: AlarmState,
  silent_until: Instant.nullable(),
  /** The worst first, at most 20. */
  lines: z.array(AlarmLine),
})
export type Alarm = z.infer<typeof Alarm>

export const AlarmEvent = z.object({
  at: Instant,
  kind: z.enum(['raised', 'cleared']),
  name: z.string(),
  labels: Labels,
  severity: z.enum(['page', 'ticket']),
  /** In words, with the value that was read. */
  what: z.string(),
  value: z.number().nullable(),
  threshold: z.number(),
})
export type AlarmEvent = z.infer<typeof AlarmEvent>

export const Alarms = z.object({
  ...partial,
  items: z.array(Alarm),
  /** Newest first. */
  history: z.array(AlarmEvent),
  /** False while what was raised and cleared cannot be written to Consul: it would not survive a restart. */
  is_history_kept: z.boolean(),
  /** Null where no webhook is set. */
  webhook: z.object({ waiting: z.int(), delivered: z.int(), given_up: z.int() }).nullable(),
})
export type Alarms = z.infer<typeof Alarms>

const operator = { owner: 'ops', access: ['operator'] } as const
const OfAlarm = z.strictObject({
  alarm: z
    .string()
    .regex(/^[A-Z][A-Za-z]{2,60}$/, 'must be the name of an alarm')
    .meta({ examples: ['OutboxWaits'] }),
})

export const listAlarms = route({
  ...operator,
  operation: 'list_alarms',
  method: 'GET',
  path: '/ops/alarms',
  summary: 'What is watched, what each figure is now, and what was raised and cleared',
  answers: { 200: Alarms },
  problems: [],
})

export const setAlarm = route({
  ...operator,
  operation: 'set_alarm',
  method: 'PUT',
  path: '/ops/alarms/:alarm',
  summary:
    'Set the threshold of an alarm, and for how long it must be passed; what is left out is the default',
  idempotency: 'required',
  params: OfAlarm,
  body: z
    .strictObject({
      threshold: z.number().min(0).max(1e9).optional(),
      for_s: z.int().min(0).max(86_400).optional(),
      reason: Reason,
    })
    .meta({ examples: [{ threshold: 8, for_s: 10, reason: 'trying it out' }] }),
  answers: { 200: Alarm },
  problems: [],
})

export const silenceAlarm = route({
  ...operator,
  operation: 'silence_alarm',
  method: 'POST',
  path: '/ops/alarms/:alarm/silence',
  summary:
    'Deliver nothing of an alarm for a while; it is raised and recorded all the same. 0 ends the silence',
  idempotency: 'required',
  params: OfAlarm,
  body: z
    .strictObject({ for_s: z.int().min(0).max(86_400), reason: Reason })
    .meta({ examples: [{ for_s: 60, reason: 'trying it out' }] }),
  answers: { 200: Alarm },
  problems: [],
})

/** What the webhook gets: the format in which Prometheus' Alertmanager sends, so that its receivers work. */
export const AlarmNotice = z.object({
  version: z.literal('4'),
  status: z.enum(['firing', 'resolved']),
  receiver: text(100),
  alerts: z.array(
    z.object({
      status: z.enum(['firing', 'resolved']),
      labels: Labels,
      annotations: Labels,
      startsAt: Instant,
      endsAt: Instant.optional(),
      fingerprint: z.string(),
    }),
  ),
})
export type AlarmNotice = z.infer<typeof AlarmNotice>

export const ALARM_ROUTES = [listAlarms, setAlarm, silenceAlarm]
