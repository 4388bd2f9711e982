import { type AlarmDefinition, ALARMS } from './table.ts'

/** How Prometheus writes the value of a unit in a sentence. */
const VALUES = {
  s: '{{ $value | humanizeDuration }}',
  share: '{{ $value | humanizePercentage }}',
  count: '{{ $value }}',
} as const

const HEAD = `# Made from services/ops/src/alarms/table.ts by \`pnpm rules\`: change it there. A test compares them.
groups:`

/** The alarms as Prometheus reads them. */
export function rulesText(table: readonly AlarmDefinition[] = ALARMS): string {
  const groups = [...Map.groupBy(table, ({ group }) => group)]
  return [HEAD, ...groups.map(([name, alarms]) => groupText(name, alarms)), ''].join('\n')
}

function groupText(name: string, alarms: readonly AlarmDefinition[]): string {
  return [`  - name: ${name}`, '    rules:', ...alarms.map(ruleText)].join('\n')
}

function ruleText(alarm: AlarmDefinition): string {
  const { name, why, rule, threshold, for_s, severity, words, unit, runbook } = alarm
  const summary = words.replaceAll(/\{(\w+)\}/g, (_, label: string) =>
    label === 'value' ? VALUES[unit] : `{{ $labels.${label} }}`,
  )
  return [
    ...(why === undefined ? [] : [`      # ${why}`]),
    `      - alert: ${name}`,
    `        expr: ${quoted(rule(threshold))}`,
    ...(for_s === 0 ? [] : [`        for: ${for_s % 60 === 0 ? `${for_s / 60}m` : `${for_s}s`}`]),
    `        labels: { severity: ${severity} }`,
    '        annotations:',
    `          summary: ${quoted(summary)}`,
    ...(runbook === undefined ? [] : [`          runbook: docs/runbooks.md#${runbook}`]),
  ].join('\n')
}

/** As prettier writes it. */
function quoted(text: string): string {
  return text.includes("'") ? JSON.stringify(text) : `'${text}'`
}
