import { z } from 'zod'
import { POLICY_NAMES, type PolicyName } from '../policies/by-name.ts'
import { TRANSPORT_NAMES, type TransportName } from '../transports.ts'

const Edge = z.strictObject({
  policy: z.enum(POLICY_NAMES).optional(),
  deadline_ms: z.int().min(10).max(60_000).optional(),
  /** How instances are talked to, where they speak it. */
  transport: z.enum(TRANSPORT_NAMES).optional(),
  /** Whether slow reads are sent to a second instance as well. */
  hedge: z.boolean().optional(),
})
const Route = z.strictObject({
  /** Requests go to the instances of a version by these shares; what is left of a hundred goes to all. */
  split: z
    .array(z.strictObject({ version: z.string().min(1).max(100), percent: z.number().min(0).max(100) }))
    .max(10)
    .refine((parts) => parts.reduce((sum, { percent }) => sum + percent, 0) <= 100, 'must not exceed 100 %'),
})
const CallerLimit = z.strictObject({
  per_second: z.int().min(0).max(100_000).optional(),
  concurrent: z.int().min(0).max(100_000).optional(),
})
const Instance = z.strictObject({
  weight: z.number().min(0).max(1_000).optional(),
  drain: z.boolean().optional(),
})
/** What the processes of a service change about themselves while they run. */
const Process = z.strictObject({
  log_level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).optional(),
  /** Requests worked on at once, at most; and the queue (ms) above which fewer are taken. */
  inbound_max: z.int().min(1).max(10_000).optional(),
  inbound_queue_ms: z.int().min(1).max(10_000).optional(),
  /** Of the traces that begin in it, the share whose spans are collected. */
  trace_sample_ratio: z.number().min(0).max(1).optional(),
})
export type ProcessSetting = z.infer<typeof Process>

/** How many instances of a service there may be, and the figure that decides, with what is right for one of them. */
const Scaling = z
  .strictObject({
    min: z.int().min(1).max(50),
    max: z.int().min(1).max(50),
    on: z.enum(['lag', 'cpu', 'in_flight', 'wait']),
    target: z.number().positive().max(1e6),
  })
  .refine(({ min, max }) => min <= max, { path: ['max'], message: 'must not be less than min' })
export type ScalingSetting = z.infer<typeof Scaling>

/** What operators have set of an alarm; what is not set is as the table of alarms says. */
const Alarm = z.strictObject({
  threshold: z.number().min(0).max(1e9).optional(),
  for_s: z.int().min(0).max(86_400).optional(),
  silent_until: z.iso.datetime().optional(),
})
export type AlarmSetting = z.infer<typeof Alarm>

const NAME = '[a-z0-9][a-zA-Z0-9._-]{0,62}'
/** Every key there is, and what it holds. `edges` and `limits` name caller and target in the order of their paths. */
const KEYS = [
  { pattern: new RegExp('^defaults$'), schema: Edge },
  { pattern: new RegExp(`^services/${NAME}$`), schema: Edge },
  { pattern: new RegExp(`^edges/${NAME}/${NAME}$`), schema: Edge },
  { pattern: new RegExp(`^routes/${NAME}$`), schema: Route },
  { pattern: new RegExp(`^limits/${NAME}/${NAME}$`), schema: CallerLimit },
  { pattern: new RegExp(`^instances/${NAME}/${NAME}$`), schema: Instance },
  { pattern: new RegExp(`^processes/${NAME}$`), schema: Process },
  { pattern: new RegExp(`^scaling/${NAME}$`), schema: Scaling },
  { pattern: /^alarms\/[A-Z][A-Za-z]{2,60}$/, schema: Alarm },
] as const

/** A key that there is not, or a value that it cannot hold. */
export class InvalidSetting extends Error {}

/** What one target is called with: by defaults, then its own settings, then those of the pair. */
export interface TargetTraffic {
  policy: PolicyName | undefined
  deadlineMs: number | undefined
  hedge: boolean | undefined
  transport: TransportName | undefined
  split: readonly { version: string; percent: number }[]
  limit: z.infer<typeof CallerLimit>
  instances: ReadonlyMap<string, z.infer<typeof Instance>>
}

/** The value of a key, checked. @throws InvalidSetting that says what is wrong with it */
export function parseSetting(key: string, text: string): object {
  const known = KEYS.find(({ pattern }) => pattern.test(key))
  if (known === undefined) throw new InvalidSetting(`there is no setting ${key}`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new InvalidSetting(`${key} is not JSON`)
  }
  const parsed = known.schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new InvalidSetting(`${key}: ${issue!.path.join('.') || 'the value'} ${issue!.message}`)
}

/** @param settings values by key, all of them checked */
export function trafficOf(
  settings: ReadonlyMap<string, object>,
  caller: string,
  target: string,
): TargetTraffic {
  const at = <T>(key: string) => (settings.get(key) ?? {}) as Partial<T>
  const edge = {
    ...at<z.infer<typeof Edge>>('defaults'),
    ...at<z.infer<typeof Edge>>(`services/${target}`),
    ...at<z.infer<typeof Edge>>(`edges/${caller}/${target}`),
  }
  const prefix = `instances/${target}/`
  return {
    policy: edge.policy,
    deadlineMs: edge.deadline_ms,
    hedge: edge.hedge,
    transport: edge.transport,
    split: at<z.infer<typeof Route>>(`routes/${target}`).split ?? [],
    limit: at<z.infer<typeof CallerLimit>>(`limits/${target}/${caller}`),
    instances: new Map(
      [...settings].flatMap(([key, value]) =>
        key.startsWith(prefix) ? [[key.slice(prefix.length), value as z.infer<typeof Instance>]] : [],
      ),
    ),
  }
}
