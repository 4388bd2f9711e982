import type { ScalingSetting } from '@lepton/common/mesh/control/traffic'

/** What was wanted lately, oldest first. */
export type Recommendations = readonly { atMs: number; size: number }[]

export interface Sizing {
  size: number
  recommendations: Recommendations
}

/** A figure so close to its target, as a share of it, is on target: noise must not add or remove an instance. */
const TOLERANCE = 0.15
/** More instances only when more were wanted all this time, fewer only when fewer were: growing late costs more than shrinking late. */
export const GROW_MS = 8_000
export const SHRINK_MS = 60_000

/**
 * The size of a service, from how many instances its figure asks for now.
 *
 * The rule is that of Kubernetes' HorizontalPodAutoscaler (the figure's ratio to its target, a tolerance, stabilisation
 * windows that take the most careful recommendation of their time), with one instance taken away at a time.
 *
 * @param wanted instances at which the figure would be on target, with its fraction; undefined while it is not known
 */
export function sizeOf(
  current: number,
  wanted: number | undefined,
  { min, max }: Pick<ScalingSetting, 'min' | 'max'>,
  before: Recommendations,
  nowMs: number,
): Sizing {
  const within = (size: number) => Math.min(max, Math.max(min, size))
  // What an operator set holds at once, also while nothing is known.
  if (wanted === undefined || current !== within(current))
    return { size: within(current), recommendations: [] }
  const isOnTarget = Math.abs(wanted / current - 1) <= TOLERANCE
  const recommended = within(isOnTarget ? current : Math.ceil(wanted))
  const recommendations = [
    ...before.filter(({ atMs }) => nowMs - atMs <= SHRINK_MS),
    { atMs: nowMs, size: recommended },
  ]
  const since = (ms: number) =>
    recommendations.filter(({ atMs }) => nowMs - atMs <= ms).map(({ size }) => size)
  const isKnownFor = (ms: number) => nowMs - recommendations[0]!.atMs >= ms * 0.9
  const grown = Math.min(...since(GROW_MS))
  if (grown > current && isKnownFor(GROW_MS)) return { size: grown, recommendations: [] }
  const most = Math.max(...since(SHRINK_MS))
  if (most < current && isKnownFor(SHRINK_MS)) return { size: current - 1, recommendations }
  return { size: current, recommendations }
}
