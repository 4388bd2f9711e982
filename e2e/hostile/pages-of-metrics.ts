import { expect, it } from '@jest/globals'
import { target } from '../journeys/world.ts'
import { opsListeners, readPage } from './listeners.ts'

const MAX_SERIES = 2_000

/** What the whole suite, and all that was tried in it, has left on the pages that Prometheus reads. */
export function pagesOfMetrics(): void {
  it('keep their size, whatever was asked of the process', async () => {
    if (target.inside === undefined) return
    const listeners = await opsListeners(target.inside.consul)
    const pages = await Promise.all(listeners.map(readPage))

    expect(pages.length).toBeGreaterThan(7)
    expect(pages.filter(({ series }) => series === 0 || series > MAX_SERIES)).toEqual([])
  })
}
