import type { Endpoint } from './endpoint.ts'

/** Answers that the share of refusals is over; what it is at an endpoint that refuses, and at those that do not. */
const REFUSAL_WINDOW = 8
const REFUSING = 0.8
const NOT_REFUSING = 0.4
/**
 * Notes an answer's status. True where the endpoint answers 4xx to nearly everything and the others do not: it looks
 * fast, and serves no request.
 */
export function isRefusing(endpoint: Endpoint, status: number, listed: readonly Endpoint[]): boolean {
  const isRefusal = status >= 400 && status < 500
  endpoint.refusals += ((isRefusal ? 1 : 0) - endpoint.refusals) / REFUSAL_WINDOW
  if (!isRefusal || endpoint.refusals < REFUSING) return false
  const others = listed.filter((other) => other !== endpoint)
  const sum = others.reduce((total, { refusals }) => total + refusals, 0)
  return others.length > 0 && sum / others.length < NOT_REFUSING
}
