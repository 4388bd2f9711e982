import type { Queues, Station } from '@lepton/contracts/streams'

export const inMs = (ms: number | null) => (ms === null ? '—' : `${ms.toFixed(1)} ms`)
export const inPercent = (share: number | null) => (share === null ? '—' : `${(share * 100).toFixed(0)} %`)
const inUnits = (value: number | null) => (value === null ? '—' : value.toFixed(2))

/** One row a station, and one for the critical path. */
export function stationRows(
  perS: number,
  stations: readonly Station[],
  path: Queues['path'],
): [string, string][] {
  const busy = stations.filter(({ ends }) => ends !== 'no_data' && ends !== 'too_few')
  const rows = busy.map((one): [string, string] => [
    `${perS} orders/s, ${one.service} reads ${one.topic}`,
    `λ ${inUnits(one.arrivals_per_s)}/s, μ ${inUnits(one.handled_per_s)}/s, c ${one.servers ?? '—'}, ρ ${inPercent(one.utilisation)}, ` +
      `batch ${inUnits(one.batch)}; W ${inMs(one.predicted.time_ms)} predicted, ${inMs(one.measured.time_ms)} measured, ` +
      `error ${inPercent(one.error_share)}; L ${inUnits(one.predicted.length)} predicted, ${inUnits(one.measured.length)} measured` +
      (one.ends === null ? '' : `; model ends: ${one.ends}`),
  ])
  if (path === null) return rows
  const error =
    path.predicted_ms === null ? '' : `, error ${inPercent(path.predicted_ms / path.measured_ms - 1)}`
  return [
    ...rows,
    [
      `${perS} orders/s, critical path of ${path.steps.length} steps`,
      `${inMs(path.predicted_ms)} predicted, ${inMs(path.measured_ms)} measured${error}`,
    ],
  ]
}
