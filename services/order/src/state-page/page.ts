import { FINAL_STATUSES } from '@lepton/contracts/statuses'
import type { Decision } from '../order.ts'
import { type Cell, type Input, OPEN_IN_TWO_PHASES, TABLE } from '../state-table.ts'
import { statusTransitions } from './reachable.ts'

const DECISIONS: readonly Decision[] = ['OPEN', 'CONFIRMED', 'CANCELLED']
const COLUMNS = ['input', 'OPEN', 'OPEN in two phases', 'CONFIRMED', 'CANCELLED']

/** The state machine of an order as a page of Markdown, made from the table that the code decides by. */
export function statePage(): string {
  return [
    '# The states of an order',
    '',
    'Made from `services/order/src/state-table.ts` by `pnpm --filter @lepton/order state-page`; a test compares.',
    '',
    '## Status',
    '',
    'Every change of the status that any row of inputs can bring about.',
    '',
    '```mermaid',
    ...diagram(),
    '```',
    '',
    '## Every input in every state',
    '',
    'An order is OPEN until it is CONFIRMED or CANCELLED, once; its status follows from that and from what its stock and its',
    'payment are. An order whose status is final ignores what participants report; only a refund moves a COMPLETED one again.',
    'An `anomaly` changes nothing and is recorded for a person.',
    '',
    ...table(),
    '',
  ].join('\n')
}

function diagram(): string[] {
  const transitions = statusTransitions()
  return [
    'stateDiagram-v2',
    '  [*] --> PLACED',
    ...transitions.map(({ from, to, inputs }) => `  ${from} --> ${to}: ${inputs.join(', ')}`),
    ...FINAL_STATUSES.map((status) => `  ${status} --> [*]`),
  ]
}

function table(): string[] {
  const rows = (Object.keys(TABLE) as Input['name'][]).map((name) => {
    const [open, ...others] = DECISIONS.map((decision) => describe(TABLE[name][decision]))
    const inTwoPhases = OPEN_IN_TWO_PHASES[name]
    return [`\`${name}\``, open!, inTwoPhases === undefined ? 'the same' : describe(inTwoPhases), ...others]
  })
  const widths = COLUMNS.map((title, column) =>
    Math.max(...[[title], ...rows.map((row) => [row[column]!])].map(([text]) => text!.length)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column]!)).join(' | ')} |`
  return [line(COLUMNS), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)]
}

function describe(cell: Cell): string {
  if (cell === 'ignore') return 'nothing'
  if (cell === 'repeat') return 'the decision is published again'
  if (cell === 'anomaly') return 'anomaly'
  if ('refuse' in cell) return `refused: \`${cell.refuse}\``
  const { stock, pay, confirm, cancel, onlyIf, otherwise } = cell
  const does = [
    stock && `stock is ${stock}`,
    pay && `payment is ${pay}`,
    confirm && '**CONFIRMED**',
    cancel && `**CANCELLED** (${cancel})`,
  ].filter((part) => part !== undefined)
  if (onlyIf === undefined) return does.join(', ')
  const refused =
    otherwise?.kind === 'refuse' ? `refused: \`${otherwise.slug}\`` : (otherwise?.kind ?? 'anomaly')
  return `${does.join(', ') || 'nothing'} if ${onlyIf.says}; else ${refused}`
}
