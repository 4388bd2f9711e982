/**
 * How long an answer asks us to wait, in ms: its `Retry-After` in seconds or as an HTTP date, at most `mostMs`.
 * Undefined without one that can be read; 0 for a date that has passed.
 */
export function retryAfterMs(
  header: string | undefined,
  { nowMs, mostMs }: { nowMs: number; mostMs: number },
): number | undefined {
  const text = header?.trim() ?? ''
  const isDate = /^\w{3}, .* GMT$/.test(text)
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1_000 : isDate ? Date.parse(text) - nowMs : Number.NaN
  return Number.isNaN(waitMs) ? undefined : Math.min(mostMs, Math.max(0, waitMs))
}
