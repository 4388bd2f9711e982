import type { RunResult } from '../run.ts'
import { table } from './report.ts'

interface Summary {
  seed: number
  operations: number
  undecided: number
  orders: number
  faults: number
  readyAfterMs: number
  quietAfterMs: number | undefined
  violations: number
}

/** One run in one line. */
export function summaryOf(seed: number, { facts, injected, ...result }: RunResult): Summary {
  return {
    seed,
    operations: facts.history.length,
    undecided: facts.history.filter(({ outcome }) => outcome === 'info').length,
    orders: facts.orders.length,
    faults: injected.length,
    readyAfterMs: result.readyAfterMs,
    quietAfterMs: result.quietAfterMs,
    violations: result.violations.length,
  }
}

export function summarize(summaries: readonly Summary[]): string {
  const heading = ['seed', 'operations', 'decided', 'orders', 'faults', 'ready', 'quiet', 'violations']
  const rows = summaries.map(({ seed, readyAfterMs, quietAfterMs, ...rest }) => [
    String(seed),
    rest.operations,
    share(rest.operations, rest.undecided),
    rest.orders,
    rest.faults,
    `${readyAfterMs} ms`,
    quietAfterMs === undefined ? 'never' : `${quietAfterMs} ms`,
    rest.violations,
  ])
  const sum = (of: (summary: Summary) => number) => summaries.reduce((all, summary) => all + of(summary), 0)
  const operations = sum((one) => one.operations)
  const total = [
    'all',
    operations,
    share(
      operations,
      sum((one) => one.undecided),
    ),
    sum((one) => one.orders),
    sum((one) => one.faults),
    '',
    '',
    sum((one) => one.violations),
  ]
  return table([heading, ...rows, ...(summaries.length > 1 ? [total] : [])])
}

function share(operations: number, undecided: number): string {
  return operations === 0 ? '' : `${((100 * (operations - undecided)) / operations).toFixed(2)} %`
}
