import { readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { rulesText } from './rules.ts'
import { ALARMS } from './table.ts'

const FILE = new URL('../../../../infra/prometheus/rules/alerts.yml', import.meta.url)

it('has given Prometheus the same names and thresholds: otherwise run `pnpm rules`', () => {
  expect(readFileSync(FILE, 'utf8')).toBe(rulesText())
})

it('leads from alarms to runbooks that are there', () => {
  const page = readFileSync(new URL('../../../../docs/runbooks.md', import.meta.url), 'utf8')
  const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^a-z ]/g, '')
      .replaceAll(' ', '-'),
  )
  const runbooks = ALARMS.flatMap(({ runbook }) => runbook ?? [])

  expect(runbooks.length).toBeGreaterThan(0)
  expect(headings).toEqual(expect.arrayContaining(runbooks))
})

it('names each alarm once, and puts its threshold into its rule', () => {
  expect(new Set(ALARMS.map(({ name }) => name)).size).toBe(ALARMS.length)
  for (const { rule } of ALARMS) expect(rule(4711)).toMatch(/(>|<=) 4711/)
})
