import { z } from 'zod'
import { Instant } from './fields.ts'
import { PATTERNS } from './patterns.ts'
import { PROMISE_IDS } from './promise-names.ts'

/** A recorded pair holds so much at most, so that all of them together stay a small part of the repository. */
export const RECORDING_LIMITS = { moves: 600, faults: 40, counts: 160, samples: 3, bytes: 60_000 } as const

const PromiseId = z.enum(PROMISE_IDS)
/** Milliseconds since the attack began. */
const At = z.int().min(0)
const tuple = <const T extends readonly [z.ZodType, ...z.ZodType[]]>(parts: T) =>
  z.tuple(parts).meta({ prefixItems: undefined, items: {}, minItems: parts.length, maxItems: parts.length })

/** One shop under attack, as it can be shown again. */
export const Lane = z.object({
  /** Which of the attacks on this shop is shown: the one that was noticed. */
  round: z.int().min(1),
  lasts_ms: At,
  faults: z
    .array(z.object({ at: At, ends: At, title: z.string(), hits: z.array(z.string()) }))
    .max(RECORDING_LIMITS.faults),
  /** Orders accepted and orders ended so far, at an instant. */
  counts: z.array(tuple([At, z.int(), z.int()])).max(RECORDING_LIMITS.counts),
  /** What some orders sent: when, of which order, from where, to where, and for how long. */
  moves: z.array(tuple([At, z.int(), z.string(), z.string(), z.int()])).max(RECORDING_LIMITS.moves),
  /** So many of the orders that move, from the first on, are orders that a promise was broken for. */
  marked: z.int(),
  broken: z.array(
    z.object({
      id: PromiseId,
      violations: z.int().min(1),
      sample: z
        .array(z.object({ what: z.string(), order_id: z.string().optional() }))
        .max(RECORDING_LIMITS.samples),
    }),
  ),
})
export type Lane = z.infer<typeof Lane>

/** The same attack on a shop with a pattern and on one without it. */
export const Recording = z.object({
  pattern: z.enum(PATTERNS),
  seed: z.int(),
  recorded_at: Instant,
  commit: z.string(),
  /** Both shops, from the start of the first to the end of the second. */
  took_ms: z.int(),
  /** One of these had to be broken, said before it ran. */
  foretold: z.array(PromiseId).min(1),
  /** The edits that take the pattern out. */
  edits: z.array(z.object({ file: z.string(), find: z.string(), replace: z.string() })).min(1),
  with: Lane,
  without: Lane,
})
export type Recording = z.infer<typeof Recording>

/** What a recording that is being made has come to; one line of JSON each. */
export const RecordingProgress = z.object({
  lane: z.enum(['with', 'without']),
  phase: z.enum(['starting', 'breaking', 'healing', 'judging']),
  round: z.int(),
  accepted: z.int(),
})
export type RecordingProgress = z.infer<typeof RecordingProgress>
