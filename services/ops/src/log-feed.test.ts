import { describe, expect, it } from '@jest/globals'
import { restAfter } from './log-feed.ts'

describe('who counts events', () => {
  it('goes on at once where it had a core all the time', () => {
    expect(restAfter({ activeMs: 40, cpuMs: 40 })).toBe(0)
    expect(restAfter({ activeMs: 40, cpuMs: 40.2 })).toBe(0)
  })

  it('rests the longer, the longer it had to wait for one', () => {
    expect(restAfter({ activeMs: 50, cpuMs: 40 })).toBe(100)
    expect(restAfter({ activeMs: 60, cpuMs: 40 })).toBe(200)
  })

  it('rests half a second at most', () => {
    expect(restAfter({ activeMs: 5_000, cpuMs: 40 })).toBe(500)
  })
})
