import { z } from 'zod'
import { Cursor, Instant, Limit, Reason, text } from './fields.ts'
import { CONSUMERS, type ConsumingService } from './services.ts'

export const LetterId = z
  .string()
  .regex(new RegExp(`^(${CONSUMERS.join('|')})-[0-9]{1,15}$`), 'must be a service and a number: order-17')
  .meta({ examples: ['order-17'] })

export const DeadLetterStatus = z.enum(['DEAD', 'BLOCKED', 'REPLAYED', 'DISCARDED', 'REFUSED'])

/** A record that could not be applied (DEAD), one that waits behind it in its key (BLOCKED), or one that its topic's owner did not sign (REFUSED). */
export const DeadLetter = z.object({
  letter_id: LetterId,
  status: DeadLetterStatus,
  topic: z.string(),
  partition: z.int(),
  offset: z.int(),
  key: z.string(),
  sequence: z.int().nullable(),
  event_id: z.string().nullable(),
  event_type: z.string().nullable(),
  error_class: z.string().nullable(),
  error_message: z.string().nullable(),
  attempts: z.int(),
  first_failed_at: Instant,
  updated_at: Instant,
})
export type DeadLetter = z.infer<typeof DeadLetter>

export const DeadLetterDetail = DeadLetter.extend({
  headers: z.record(z.string(), z.string()),
  payload_base64: z.string().nullable(),
})

export type DeadLetterDetail = z.infer<typeof DeadLetterDetail>

export const DeadLetterQuery = z.strictObject({
  status: DeadLetterStatus.optional(),
  key: text(200).optional(),
  service: z.enum(CONSUMERS).optional(),
  error_class: text(100).optional(),
  event_type: text(100).optional(),
  cursor: Cursor.optional(),
  limit: Limit.default(20),
})

export const OfLetter = z.strictObject({ letter_id: LetterId })

export const ReplayLetters = z
  .strictObject({
    letter_id: LetterId.optional(),
    key: text(200).optional(),
    event_id: z.uuid().optional(),
    error_class: text(100).optional(),
    /** Exactly these, as they were seen: what has come since is left alone. */
    letter_ids: z.array(LetterId).min(1).max(100).optional(),
    dry_run: z.boolean().default(false),
    reason: Reason,
  })
  .meta({ examples: [{ key: 'no-such-key', dry_run: true, reason: 'trying it out' }] })
export type ReplayLetters = z.infer<typeof ReplayLetters>

export const ReplayedLetter = DeadLetter.pick({ letter_id: true, key: true, sequence: true }).extend({
  outcome: z.enum(['WOULD_REPLAY', 'REPLAYED', 'FAILED', 'WAITS']),
  detail: z.string().optional(),
})
export type ReplayedLetter = z.infer<typeof ReplayedLetter>

export const DiscardLetter = z
  .strictObject({ reason: Reason })
  .meta({ examples: [{ reason: 'trying it out' }] })

/** `order-17` → `order`. */
export function serviceOf(letterId: string): ConsumingService {
  return letterId.slice(0, letterId.lastIndexOf('-')) as ConsumingService
}

export function numberOf(letterId: string): number {
  return Number(letterId.slice(letterId.lastIndexOf('-') + 1))
}
