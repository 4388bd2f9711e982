// Values without zod, so that a browser loads these words and nothing else.

/** What the shop promises, whatever fails; the invariants that `pnpm chaos` checks. */
export const PROMISES = {
  I1: 'No unit is sold that was not there',
  I2: 'Units in stock, held and sold add up to what was received',
  I3: 'No accepted order is lost',
  I4: 'One key makes one order',
  I5: 'No order is charged twice',
  I6: 'What was captured less what was refunded is what orders cost',
  I7: 'Every order reaches an end',
  I8: 'Orders, stock and payments tell the same story',
  I9: 'Events of an order are on the log in order',
  I10: 'Nothing is lost between database and log',
  I11: 'Every event has its effect once',
  I12: 'An order is the sum of its history',
  I13: 'A customer reads what the customer wrote',
  I14: 'What cannot be applied is kept and shown',
} as const

export type PromiseId = keyof typeof PROMISES
export const PROMISE_IDS = Object.keys(PROMISES) as PromiseId[]
