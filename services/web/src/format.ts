import type { Language } from './messages/languages.ts'

const LOCALES = { en: 'en-GB', zh: 'zh-CN' } as const satisfies Record<Language, string>
const UNITS = {
  en: { ms: 'ms', s: 's', min: 'min', h: 'h', d: 'd' },
  zh: { ms: '毫秒', s: '秒', min: '分钟', h: '小时', d: '天' },
} as const satisfies Record<Language, Record<string, string>>

/** One page has one language at a time, as it has one theme. */
let language: Language = 'en'
let exact = exactIn(language)

function exactIn(next: Language): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(LOCALES[next], { dateStyle: 'medium', timeStyle: 'medium' })
}

/** Figures that are written from now on are written so; what shows some is drawn again by its texts. */
export function writeFiguresIn(next: Language): void {
  language = next
  exact = exactIn(next)
}

/** Minor units as a price: `€ 1,234.50`. */
export function money(minor: number, currency = 'EUR'): string {
  const parts = new Intl.NumberFormat(LOCALES[language], { style: 'currency', currency }).formatToParts(
    minor / 100,
  )
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
  const number = parts.filter(({ type }) => type !== 'currency').map(({ value }) => value)
  return `${of('currency')} ${number.join('').trim()}`
}

/** The ends of an id: enough to tell two apart, short enough to read. */
export const shortId = (id: string): string => `${id.slice(0, 4)}…${id.slice(-4)}`

export const exactTime = (at: string): string => exact.format(new Date(at))

/** A duration for people: `61 ms`, `1.9 s`, `2 min`, `3 h`, `4 d`. */
export function duration(ms: number): string {
  const units = UNITS[language]
  if (ms < 1_000) return `${Math.round(ms)} ${units.ms}`
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} ${units.s}`
  if (ms < 90_000) return `${Math.round(ms / 1_000)} ${units.s}`
  if (ms < 5_400_000) return `${Math.round(ms / 60_000)} ${units.min}`
  return ms < 129_600_000
    ? `${Math.round(ms / 3_600_000)} ${units.h}`
    : `${Math.round(ms / 86_400_000)} ${units.d}`
}

/** How long ago something was, in whole seconds while that is short. */
export function age(ms: number): string {
  return ms < 90_000 ? `${Math.max(0, Math.round(ms / 1_000))} ${UNITS[language].s}` : duration(ms)
}

/** Minutes and seconds that are left: `9:41`; never less than nothing. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
