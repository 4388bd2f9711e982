import { describe, expect, it } from '@jest/globals'
import { createThrottle } from './throttle.ts'

/** A back end that takes `room` requests a tick of 100 ms, and what a throttle sends it of `offered` ones. */
function drive(throttle: ReturnType<typeof createThrottle>, offered: number, room: number) {
  let [sent, taken] = [0, 0]
  for (let request = 0; request < offered; request++) {
    if (!throttle.admits()) continue
    sent += 1
    if (taken < room) {
      taken += 1
      throttle.took()
    } else throttle.refused()
  }
  return { sent, taken }
}

function create() {
  let nowMs = 0
  const throttle = createThrottle(undefined, () => nowMs)
  const ticks = (count: number, offered: number, room: number) => {
    const total = { sent: 0, taken: 0 }
    for (let tick = 0; tick < count; tick++, nowMs += 100) {
      const { sent, taken } = drive(throttle, offered, room)
      total.sent += sent
      total.taken += taken
    }
    return total
  }
  return ticks
}

describe('a throttle', () => {
  it('lets everything through while everything is taken, a burst too', () => {
    expect(create()(50, 40, 1_000)).toEqual({ sent: 2_000, taken: 2_000 })
  })

  it('sends little more than is taken when ten times as much is offered, and fills all of that', () => {
    const ticks = create()
    ticks(30, 100, 10)
    const { sent, taken } = ticks(100, 100, 10)

    expect(taken).toBeGreaterThan(950)
    expect(sent).toBeLessThan(2_000)
  })

  it('is open again seconds after the load is gone', () => {
    const ticks = create()
    ticks(100, 100, 10)
    ticks(30, 5, 10)

    expect(ticks(30, 5, 10)).toEqual({ sent: 150, taken: 150 })
  })

  it('opens by itself when nothing is taken for a while and then is again', () => {
    const ticks = create()
    ticks(50, 100, 0)
    ticks(30, 20, 100)

    expect(ticks(50, 20, 100).taken).toBeGreaterThan(950)
  })
})
