import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { ROOT } from '@lepton/local/root'

const DEFINITION = /name: '(\w+)',\s*help: '[^']*',?(?:\s*labelNames: \[([^\]]*)\])?/g
/** A name with an underscore that is no function; labels are taken out before. */
const METRIC = /(?<![\w:])[a-z]+(?:_[a-z]+)+\b(?!\s*\()/g
const SELECTOR = /([a-z_]+)\{([^}]*)\}/g
const GROUPING = /\b(?:by|on) \([^)]*\)/g
/** What every series has: by the scrape configuration, or because Prometheus adds it. */
const GIVEN = ['service', 'instance', 'job']

function read(...patterns: string[]): string[] {
  return globSync(patterns, { cwd: ROOT }).map((file) => readFileSync(join(ROOT, file), 'utf8'))
}

/** Each metric of the sources with its labels, and the name that a histogram's series have in common. */
const metrics = new Map(
  read('packages/{common,events}/src/**/*.ts', 'services/*/src/**/*.ts').flatMap((source) =>
    [...source.matchAll(DEFINITION)].map(
      ([, name, labels = '']) => [name!, [...labels.matchAll(/\w+/g)].map(String)] as const,
    ),
  ),
)
const labelsOf = (series: string) =>
  metrics.get(series) ?? metrics.get(series.replace(/_(bucket|count|sum)$/, ''))

const expressions = read('infra/prometheus/rules/*.yml', 'infra/grafana/dashboards/{mesh,shop}.json')
  .flatMap((text) => text.split('\n'))
  .flatMap((line) => /"?expr"?: (.+)/.exec(line)?.[1]?.replaceAll('\\"', '"') ?? [])

it('asks only for metrics that a process has', () => {
  const asked = expressions.flatMap((text) =>
    [
      ...text
        .replaceAll(GROUPING, '')
        .replaceAll(/\{[^}]*\}/g, '')
        .matchAll(METRIC),
    ].map(String),
  )

  expect(asked.length).toBeGreaterThan(40)
  expect(asked.filter((series) => labelsOf(series) === undefined)).toEqual([])
})

it('selects by labels that the metric has', () => {
  const selected = expressions.flatMap((text) =>
    [...text.matchAll(SELECTOR)].flatMap(([, series, selector]) =>
      [...selector!.matchAll(/(\w+)(?==~|!~|!=|=)/g)].map(([label]) => ({ series: series!, label })),
    ),
  )

  expect(selected.length).toBeGreaterThan(10)
  expect(
    selected.filter(({ series, label }) => !GIVEN.includes(label) && !labelsOf(series)?.includes(label)),
  ).toEqual([])
})
