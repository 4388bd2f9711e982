const HOLD_BEYOND_DEADLINE_MS = 300_000

/** When to ask what became of a hold: well after the order must have been decided. */
export function holdUntil(deadline: string): string {
  return new Date(Date.parse(deadline) + HOLD_BEYOND_DEADLINE_MS).toISOString()
}
