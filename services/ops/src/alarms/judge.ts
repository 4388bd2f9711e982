import type { Alarm, AlarmState } from '@lepton/contracts/alarms'
import type { AlarmDefinition } from './table.ts'
import type { Reading } from './readings.ts'

type Line = Alarm['lines'][number]

/** One thing that an alarm watches, and since when it has been as it is. */
export interface Watched extends Line {
  key: string
  /** Since when the threshold is passed. */
  passedAtMs: number | null
}

export type Limits = Pick<Alarm, 'threshold' | 'for_s' | 'over'>

/** One spelling of what an alarm watches. */
export function keyOf(name: string, labels: Record<string, string>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
  return [name, ...sorted.map((pair) => pair.join('='))].join(' ')
}

/**
 * The state that follows from a reading. What was raised stays raised while nothing is known: it is cleared by a good
 * figure alone.
 */
export function judge(
  key: string,
  before: Watched | undefined,
  reading: Reading,
  limits: Limits,
  nowMs: number,
): Watched {
  const now = new Date(nowMs).toISOString()
  const passedAtMs = isPassed(reading, limits) ? (before?.passedAtMs ?? nowMs) : null
  const wasRaised = before?.raised_at ?? null
  const state = stateOf(reading, passedAtMs, wasRaised, limits, nowMs)
  const raised_at = state === 'firing' ? (wasRaised ?? now) : state === 'no_data' ? wasRaised : null
  const since = before?.state === state ? before.since : now
  return { key, labels: reading.labels, value: reading.value, state, since, raised_at, passedAtMs }
}

function stateOf(
  { value }: Reading,
  passedAtMs: number | null,
  raisedAt: string | null,
  { for_s }: Limits,
  nowMs: number,
): AlarmState {
  if (value === null) return 'no_data'
  if (passedAtMs === null) return 'ok'
  return raisedAt !== null || nowMs - passedAtMs >= for_s * 1_000 ? 'firing' : 'pending'
}

function isPassed({ value, counts = true }: Reading, { threshold, over }: Limits): boolean {
  if (value === null || !counts) return false
  return over === 'above' ? value > threshold : value <= threshold
}

const WORST: readonly AlarmState[] = ['firing', 'pending', 'no_data', 'ok', 'elsewhere']
const rank = ({ state }: { state: AlarmState }) => WORST.indexOf(state)

export function worstFirst<T extends { state: AlarmState }>(lines: readonly T[]): T[] {
  return lines.toSorted((a, b) => rank(a) - rank(b))
}

/** Of the same state, the one that is nearest to its threshold or furthest beyond it first. */
export function nearestFirst<T extends Pick<Line, 'value'>>(lines: readonly T[], over: Alarm['over']): T[] {
  const side = over === 'above' ? -1 : 1
  return lines.toSorted((a, b) => side * ((a.value ?? 0) - (b.value ?? 0)))
}

/** The words of an alarm with what was read in them. */
export function say(
  { words, unit }: Pick<AlarmDefinition, 'words' | 'unit'>,
  { labels, value }: Reading,
): string {
  return words.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name === 'value' ? written(value, unit) : (labels[name] ?? '?'),
  )
}

function written(value: number | null, unit: Alarm['unit']): string {
  if (value === null) return 'an unknown time'
  if (unit === 's') return `${Math.round(value * 10) / 10} s`
  return unit === 'share' ? `${Math.round(value * 1_000) / 10} %` : String(Math.round(value * 100) / 100)
}
