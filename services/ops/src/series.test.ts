import { expect, it } from '@jest/globals'
import { createSeries, KEPT } from './series.ts'

it('has a gap where a value is missing, and before the first', () => {
  const series = createSeries()
  series.push([{ name: 'p99_ms', labels: { service: 'order' }, value: 5 }])
  series.push([])
  series.push([{ name: 'p99_ms', labels: { service: 'order' }, value: null }])
  series.push([{ name: 'p99_ms', labels: { service: 'order' }, value: 7 }])

  expect(series.read(['p99_ms'], 6)).toEqual([
    { name: 'p99_ms', labels: { service: 'order' }, values: [null, null, 5, null, null, 7] },
  ])
  expect(series.read(['other'], 6)).toEqual([])
})

it('goes round: a step that is 15 minutes old is gone, and so is a series without any', () => {
  const series = createSeries()
  series.push([{ name: 'rss_bytes', labels: { instance: 'order-1' }, value: 1 }])
  for (let step = 0; step < KEPT; step++) series.push([{ name: 'in_flight', value: step }])
  series.push([{ name: 'new', value: 1 }])

  expect(series.read(undefined, 2).map(({ name, values }) => [name, ...values])).toEqual([
    ['in_flight', KEPT - 1, null],
    ['new', null, 1],
  ])
})

it('takes no more than 200 series, whatever labels come', () => {
  const series = createSeries()
  for (let count = 0; count < 300; count++)
    series.push([{ name: 'cpu_share', labels: { instance: `order-${count}` }, value: 1 }])

  expect(series.read(undefined, 1)).toHaveLength(200)
})
