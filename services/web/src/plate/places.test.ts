import { describe, expect, it } from '@jest/globals'
import { edgeBetween, EDGES, PLACES } from './places.ts'

describe('the plate', () => {
  it('draws every edge from the ring of one service to the ring of the other', () => {
    for (const { from, to, points } of EDGES) {
      const [first, last] = [points[0]!, points.at(-1)!]
      expect(Math.hypot(first.x - PLACES[from].x, first.y - PLACES[from].y)).toBeLessThan(40)
      expect(Math.hypot(last.x - PLACES[to].x, last.y - PLACES[to].y)).toBeLessThan(40)
    }
  })

  it('draws a request straight and an event as a wave', () => {
    const turns = (points: readonly { x: number; y: number }[]) =>
      points.slice(2).filter((point, index) => {
        const [a, b] = [points[index]!, points[index + 1]!]
        return Math.abs((b.x - a.x) * (point.y - b.y) - (b.y - a.y) * (point.x - b.x)) > 0.01
      }).length

    for (const { kind, points } of EDGES) expect(turns(points) > 0).toBe(kind === 'event')
  })

  it('knows no way between services that do not speak', () => {
    expect(edgeBetween('gateway', 'order')?.kind).toBe('request')
    expect(edgeBetween('cart', 'payment')).toBeUndefined()
  })
})
