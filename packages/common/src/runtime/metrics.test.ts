import { describe, expect, it } from '@jest/globals'
import { createMetrics } from './metrics.ts'

async function linesOf({ registry }: ReturnType<typeof createMetrics>): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

describe('the page of metrics', () => {
  it('keeps its size whatever values labels get, and loses no count', async () => {
    const metrics = createMetrics({}, { maxSeries: 100 })
    const requests = metrics.counter({ name: 'requests_total', help: 'Requests', labelNames: ['path'] })
    const duration = metrics.histogram({ name: 'duration_seconds', help: 'Duration', labelNames: ['path'] })
    for (let index = 0; index < 500; index++) {
      requests.inc({ path: `/p${index}` })
      duration.observe({ path: `/p${index}` }, 0.01)
    }

    const lines = await linesOf(metrics)

    expect(lines.length).toBeLessThanOrEqual(100)
    const counts = lines.filter((line) => line.startsWith('requests_total{'))
    expect(counts.some((line) => line.includes('path="_OTHER"'))).toBe(true)
    expect(counts.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)).toBe(500)
  })

  it('adds up what is counted until it is read, for each set of labels, and once', async () => {
    const metrics = createMetrics()
    const define = () =>
      metrics.counter({ name: 'tries_total', help: 'Tries', labelNames: ['service', 'result'] })
    const labels = { service: 'order', result: '2xx' }
    define().inc(labels)
    define().inc({ service: 'order', result: '5xx' }, 2)
    labels.result = '4xx'
    define().inc(labels)
    const read = async () =>
      (await linesOf(metrics)).filter((line) => line.startsWith('tries_total')).toSorted()

    const counted = ['2xx', '4xx', '5xx'].map(
      (result) => `tries_total{service="order",result="${result}"} ${result === '5xx' ? 2 : 1}`,
    )
    expect(await read()).toEqual(counted)
    expect(await read()).toEqual(counted)
    define().inc({ service: 'order', result: '2xx' })
    expect((await read())[0]).toMatch(/ 2$/)
  })

  it('counts the CPU time as a counter', async () => {
    const metrics = createMetrics()
    const text = await metrics.registry.metrics()
    expect(text).toContain('# TYPE process_cpu_seconds_total counter')
  })
})
