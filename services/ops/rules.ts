import { writeFileSync } from 'node:fs'
import { rulesText } from './src/alarms/rules.ts'

/** Writes Prometheus' rules from the table of alarms: `pnpm rules`. */
writeFileSync(new URL('../../infra/prometheus/rules/alerts.yml', import.meta.url), rulesText())
