// Values without zod, so that a browser loads these words and nothing else.

/** The patterns that a shop can be run without, in the order in which they are shown. */
export const PATTERNS = [
  'inbox',
  'outbox',
  'acknowledgement',
  'offset_order',
  'commit_order',
  'idempotency',
  'tombstone',
  'arbiter',
  'barrier',
  'never_throw',
  'durability',
] as const

export type Pattern = (typeof PATTERNS)[number]
