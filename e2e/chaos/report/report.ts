import type { ChaosArgs } from '../args.ts'
import type { Operation, Outcome } from '../history.ts'
import { longestPauseMs } from '../collect/waits.ts'
import { INVARIANTS } from '../invariants/check.ts'
import type { Facts, InvariantId, Violation } from '../invariants/facts.ts'
import { needsMachines } from '../nemesis/fault.ts'
import { isAccepted } from '../recordings/lane.ts'
import type { RunResult } from '../run.ts'
import { createWaits } from './takeover.ts'
import { timelineOf } from './timeline.ts'

const OUTCOMES: readonly Outcome[] = ['ok', 'fail', 'info']
const SHOWN_PER_INVARIANT = 5
const SHOWN_TIMELINES = 3

/** What happened, for a person. */
export function reportRun(result: RunResult, args: ChaosArgs): string {
  const { seed, minutes, profile, faults: kinds, servers, workers, operationsPerS } = args
  return [
    heading(result, args),
    operations(result.facts.history),
    faults(result),
    recovery(result),
    verdict(result),
    `Again: pnpm chaos --seed ${seed} --minutes ${minutes} --profile ${profile} --servers ${servers} --faults ${kinds.join(',') || 'none'} --workers ${workers} --rate ${operationsPerS}`,
  ].join('\n\n')
}

function heading({ facts, startedAtMs, healedAtMs }: RunResult, { seed }: ChaosArgs): string {
  const minutes = (healedAtMs - startedAtMs) / 60_000
  const perMinute = facts.history.length / minutes
  return `Seed ${seed}: ${minutes.toFixed(1)} min, ${facts.history.length} operations (${perMinute.toFixed(0)} a minute), ${facts.orders.length} orders`
}

function operations(history: readonly Operation[]): string {
  const kinds = [...Map.groupBy(history, ({ kind }) => kind)].sort(([, a], [, b]) => b.length - a.length)
  const rows = kinds.map(([kind, of]) => [
    kind,
    of.length,
    ...OUTCOMES.map((outcome) => countOf(of, outcome)),
  ])
  const decided = history.filter(({ outcome }) => outcome !== 'info').length
  const share = history.length === 0 ? 0 : (100 * decided) / history.length
  const total = ['all', history.length, ...OUTCOMES.map((outcome) => countOf(history, outcome))]
  return `${table([['operation', 'count', ...OUTCOMES], ...rows, total])}\n${share.toFixed(2)} % reached a decision`
}

function countOf(history: readonly Operation[], outcome: Outcome): number {
  return history.filter((operation) => operation.outcome === outcome).length
}

function faults({ injected, startedAtMs, historyStartedAtMs, facts }: RunResult): string {
  if (injected.length === 0) return 'No faults.'
  const waits = createWaits(facts)
  // What was sent before the log was wiped has lost its time.
  const wipedAtMs = Math.max(
    -Infinity,
    ...injected.filter(({ kind }) => kind === 'wipe').map(({ endedAtMs = Infinity }) => endedAtMs),
  )
  const seconds = (ms: number | undefined) => (ms === undefined ? '' : `${(ms / 1_000).toFixed(1)} s`)
  const accepted = facts.history
    .filter(isAccepted)
    .map(({ completed_ns }) => historyStartedAtMs + completed_ns / 1e6)
  const rows = injected.map((fault) => {
    const { kind, title, beganAtMs, endedAtMs = beganAtMs, note = '', error = '' } = fault
    const pauseMs = needsMachines(kind)
      ? longestPauseMs(accepted, { fromMs: beganAtMs, untilMs: endedAtMs })
      : undefined
    const { publishedMs, appliedMs } = (beganAtMs > wipedAtMs ? waits.around(fault) : undefined) ?? {}
    return [
      seconds(beganAtMs - startedAtMs),
      seconds(endedAtMs - beganAtMs),
      title,
      seconds(pauseMs),
      seconds(publishedMs),
      seconds(appliedMs),
      [note, error].filter((text) => text !== '').join('; '),
    ]
  })
  const heading = ['at', 'for', 'what', 'no order', 'published', 'applied', '']
  const legend = [
    'no order: the longest time in which none was accepted while a machine was lost, and until it had caught up',
    'published, applied: the longest that an event around a kill waited for Kafka and for its effect',
    'other faults of the time are included; a shifted clock shifts the last two',
  ].join('\n')
  return `${injected.length} faults\n${table([heading, ...rows])}\n${legend}`
}

function recovery({ readyAfterMs, quietAfterMs, left }: RunResult): string {
  const ready = `Every process ready ${readyAfterMs} ms after the last fault.`
  return quietAfterMs === undefined
    ? `${ready} Not quiet: ${left.join(', ')}`
    : `${ready} Every order final and everything sent and applied after ${quietAfterMs} ms.`
}

function verdict({ violations, facts }: RunResult): string {
  return spellViolations(violations, facts)
}

/** Each invariant with its violations, and the life of the first orders that are concerned. */
export function spellViolations(violations: readonly Violation[], facts: Facts): string {
  const ids = Object.keys(INVARIANTS) as InvariantId[]
  const rows = ids.map((id) => [
    id,
    INVARIANTS[id].name,
    violations.filter(({ invariant }) => invariant === id).length,
  ])
  const shown = ids.flatMap((id) =>
    violations.filter(({ invariant }) => invariant === id).slice(0, SHOWN_PER_INVARIANT),
  )
  const orders = [...new Set(shown.flatMap(({ order_id }) => order_id ?? []))].slice(0, SHOWN_TIMELINES)
  return [
    table([['', 'invariant', 'violations'], ...rows]),
    ...shown.map(spell),
    ...orders.map((id) => timelineOf(id, facts)),
  ].join('\n')
}

function spell({ invariant, what, order_id }: Violation): string {
  return `${invariant}: ${order_id === undefined ? '' : `${order_id} `}${what}`
}

export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => String(row[column] ?? '').length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          typeof cell === 'number' ? String(cell).padStart(widths[column]!) : cell.padEnd(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
