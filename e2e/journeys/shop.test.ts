import { afterAll, describe, jest } from '@jest/globals'
import { buying } from './buying.ts'
import { repeating } from './repeating.ts'
import { settling } from './settling.ts'
import { leave } from './world.ts'

// One file, since order matters: journeys of people run side by side, then faults one after the other, then the books
// are compared. Jest keeps the order within a file, and promises none between files.
jest.setTimeout(60_000)

describe('a shopper', () => {
  describe('buys', buying)
  describe('cancels, refunds, pays later', settling)
  describe('repeats', repeating)
})

afterAll(leave)
