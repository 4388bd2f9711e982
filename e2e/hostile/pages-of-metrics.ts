import { expect, it } from '@jest/globals'
import { target } from '../journeys/world.ts'
import { opsListeners } from './matrix.ts'

const MAX_SERIES = 2_000
const MAX_RENDERING_MS = 20
const TRIES = 5

/** What the whole suite, and all that was tried in it, has left on the pages that Prometheus reads. */
export function pagesOfMetrics(): void {
  it('keep their size, whatever was asked of the process', async () => {
    if (target.inside === undefined) return
    const listeners = await opsListeners(target.inside.consul)
    const pages = []
    for (const listener of listeners) pages.push({ listener, ...(await read(`${listener}/metrics`)) })

    expect(pages.length).toBeGreaterThan(7)
    expect(pages.filter(({ series }) => series > MAX_SERIES)).toEqual([])
    expect(pages.filter(({ tookMs }) => tookMs > MAX_RENDERING_MS)).toEqual([])
  })
}

/** The best of some tries: how long a page takes is a property of its size, and the machine has other work too. */
async function read(url: string): Promise<{ series: number; tookMs: number }> {
  let [series, tookMs] = [0, Number.POSITIVE_INFINITY]
  for (let tries = 0; tries < TRIES; tries++) {
    const startedAt = performance.now()
    const text = await (await fetch(url)).text()
    tookMs = Math.min(tookMs, performance.now() - startedAt)
    series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
  }
  return { series, tookMs }
}
