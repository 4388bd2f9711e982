const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })

/** Minor units as a price: `€ 1,234.50`. */
export function money(minor: number, currency = 'EUR'): string {
  const parts = new Intl.NumberFormat('en', { style: 'currency', currency }).formatToParts(minor / 100)
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
  const number = parts.filter(({ type }) => type !== 'currency').map(({ value }) => value)
  return `${of('currency')} ${number.join('').trim()}`
}

/** The ends of an id: enough to tell two apart, short enough to read. */
export const shortId = (id: string): string => `${id.slice(0, 4)}…${id.slice(-4)}`

export const exactTime = (at: string): string => exact.format(new Date(at))

/** A duration for people: `61 ms`, `1.9 s`, `2 min`, `3 h`, `4 d`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`
  if (ms < 90_000) return `${Math.round(ms / 1_000)} s`
  if (ms < 5_400_000) return `${Math.round(ms / 60_000)} min`
  return ms < 129_600_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} d`
}

/** How long ago something was, in whole seconds while that is short. */
export function age(ms: number): string {
  return ms < 90_000 ? `${Math.max(0, Math.round(ms / 1_000))} s` : duration(ms)
}

/** Minutes and seconds that are left: `9:41`; never less than nothing. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
