import { z } from 'zod'
import { Instant } from './fields.ts'

/** A pause lasts so long at most: it must end although the one who asked for it is gone. */
export const MAX_PAUSE_S = 300

/** What the ops service may ask of the launcher, beside `ps`. */
export const OPS_ACTIONS = ['add', 'remove', 'kill', 'pause', 'resume', 'restart', 'wipe'] as const
export type OpsAction = (typeof OPS_ACTIONS)[number]

const Process = {
  status: z.string(),
  pid: z.int().nullable(),
  restarts: z.int(),
  /** When the launcher lets it go on; null where it is not paused, or was paused without an end. */
  resumes_at: Instant.nullable().default(null),
}

/** The processes of the launcher as the ops service may see them: without addresses, which hold passwords. */
export const RunningShop = z.object({
  instances: z.array(z.object({ instance: z.string(), service: z.string(), ...Process })),
  servers: z.array(z.object({ name: z.string(), title: z.string(), ...Process })),
})
export type RunningShop = z.infer<typeof RunningShop>

/** Lines of the logs that the ops service may ask for at once. */
export const MAX_LOG_LINES = 500

/** What it asks the logs for, in `logs`, as the one argument: the lines come as they were written. */
export const LogRequest = z.object({
  /** A service or an instance; all of them where it is missing. */
  name: z.string().optional(),
  level: z.enum(['debug', 'info', 'warn', 'error']),
  order_id: z.string().optional(),
  lines: z.int().min(1).max(MAX_LOG_LINES),
})
export type LogRequest = z.infer<typeof LogRequest>

/** One line of JSON each way. */
export const ControlAnswer = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), result: z.unknown() }),
  z.object({ ok: z.literal(false), error: z.string() }),
])
