import { add } from '../table.ts'

/** A figure with its bar beside it. What is not known is over its budget. */
export function judge(what: string, measured: number, limit: number, unit: string, digits = 0): void {
  const isWithin = measured <= limit
  add(what, `${measured.toFixed(digits)} of ${limit} ${unit}${isWithin ? '' : '   OVER'}`)
}
