import { describe, expect, it } from '@jest/globals'
import { countOn } from './orders-since.ts'

const counted = (...pulses: (number | null)[]) =>
  pulses.reduce<ReturnType<typeof countOn>>(countOn, undefined)

describe('the orders that came while the figures were held', () => {
  it('are those accepted after the first pulse that knew how many there were', () => {
    expect(counted(null)).toBeUndefined()
    expect(counted(null, 40, 40, 52)).toEqual({ first: 40, last: 52 })
  })

  it('do not become fewer while ops counts again', () => {
    expect(counted(40, 52, null, 3, 51)).toEqual({ first: 40, last: 52 })
    expect(counted(40, 52, null, 3, 55)).toEqual({ first: 40, last: 55 })
  })
})
