import { duration } from '../format.ts'

/** Figures as they are read; what is not known is a dash and no nought. */
export const decimal = (value: number | null): string => (value === null ? '—' : value.toFixed(1))

export const percent = (share: number | null): string =>
  share === null ? '—' : `${(share * 100).toFixed(1)} %`

export const mebibytes = (bytes: number | null): string =>
  bytes === null ? '—' : `${Math.round(bytes / 2 ** 20)} MiB`

export const span = (ms: number | null): string => (ms === null ? '—' : duration(ms))
