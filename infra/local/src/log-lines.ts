/** Levels in order of severity. */
export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const

export type Level = (typeof LEVELS)[number]

export interface LogLine {
  name: string
  timeMs: number
  level: Level
  text: string
}

export interface LogFilter {
  orderId?: string | undefined
  level?: Level | undefined
  sinceMs?: number | undefined
}

const TIME = /^\s*\[?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,3}))?(?: ?UTC|Z)?/
const WORD = /\b(TRACE|DEBUG|INFO|LOG|WARN|WARNING|ERROR|FATAL|PANIC)\b/
const LEVEL_OF_WORD: Record<string, Level> = { LOG: 'info', WARNING: 'warn', PANIC: 'fatal' }

/** Fields that a readable line has at its start, or that say nothing to a person. */
const SHOWN_ELSEWHERE = new Set(['time', 'level', 'service', 'instance', 'msg', 'pid', 'hostname', 'err'])

/**
 * Reads the lines of one process in their order. Services write JSON; servers, and Node when it crashes, write text:
 * a line without a time or a level has those of the line before it.
 */
export function createLineReader(name: string): (text: string) => LogLine {
  let timeMs = 0
  let level: Level = 'info'
  return (text) => {
    const fields = parse(text)
    const time = fields === undefined ? timeOf(text) : Date.parse(String(fields['time']))
    if (!Number.isNaN(time)) {
      timeMs = time
      level =
        (fields === undefined ? levelOf(text) : LEVELS.find((known) => known === fields['level'])) ?? 'info'
    }
    return { name, timeMs, level, text }
  }
}

export function matches(line: LogLine, { orderId, level, sinceMs }: LogFilter): boolean {
  if (orderId !== undefined && !line.text.includes(orderId)) return false
  if (level !== undefined && LEVELS.indexOf(line.level) < LEVELS.indexOf(level)) return false
  return sinceMs === undefined || line.timeMs >= sinceMs
}

/** A line for people: time (UTC), level, process, message, then the other fields. */
export function toReadable({ name, timeMs, level, text }: LogLine): string {
  const time = new Date(timeMs).toISOString().slice(11, 23)
  const start = `${time} ${level.toUpperCase().padEnd(5)} ${name.padEnd(11)} `
  const fields = parse(text)
  if (fields === undefined) return start + text.replace(TIME, '').trim()
  const rest = Object.entries(fields)
    .filter(([field]) => !SHOWN_ELSEWHERE.has(field))
    .map(([field, value]) => `${field}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const { message } = (fields['err'] ?? {}) as { message?: string }
  const fault = message === undefined ? [] : [`(${message})`]
  return (
    start +
    [fields['msg'] as string | undefined, ...fault, ...rest].filter((part) => part !== undefined).join(' ')
  )
}

function parse(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return undefined
  }
}

/** All processes run with TZ=UTC. */
function timeOf(text: string): number {
  const [, day, time, fraction = '0'] = TIME.exec(text) ?? []
  return day === undefined ? Number.NaN : Date.parse(`${day}T${time}.${fraction.padEnd(3, '0')}Z`)
}

function levelOf(text: string): Level | undefined {
  const word = WORD.exec(text)?.[1]
  return word === undefined
    ? undefined
    : (LEVEL_OF_WORD[word] ?? LEVELS.find((level) => level === word.toLowerCase()))
}
