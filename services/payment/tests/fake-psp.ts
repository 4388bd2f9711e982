import type { Charge, ChargeState } from '@lepton/contracts/psp'
import { newId } from '@lepton/common/runtime/id'
import { OutcomeUnknown } from '../src/psp-answer.ts'
import type { PspClient, PspRequest } from '../src/psp-client.ts'

type How = 'refuse' | 'limit' | 'fail' | 'fail after it was done' | 'hold' | 'hold after it was done'

/** Longer than the first waits between attempts are by themselves. */
export const RETRY_AFTER_MS = 900

const STATE_AFTER = { AUTH: 'AUTHORIZED', CAPTURE: 'CAPTURED', VOID: 'VOIDED', REFUND: 'REFUNDED' } as const
const STATE_BEFORE = { CAPTURE: 'AUTHORIZED', VOID: 'AUTHORIZED', REFUND: 'CAPTURED' } as const

export interface FakePsp extends PspClient {
  /** What was asked, oldest first; repeats with the same key too. */
  asked: PspRequest[]
  /** What was done: at most once per key. */
  done: PspRequest[]
  /** How the next requests of an operation go; afterwards they are done at once again. */
  next(op: PspRequest['op'], ...how: How[]): void
  /** The next look-ups fail. */
  failFinds(times: number): void
  /** Moves an order's charge behind the shop's back. */
  move(orderId: string, state: ChargeState): void
  /** Whether every request with a card waits until `release`. */
  holdCard(payment_token: string): void
  /** Lets the requests that are held go on. */
  release(): void
}

/** A processor in memory that keeps its word about keys, refusals included, and fails as a test asks. */
export function createFakePsp(): FakePsp {
  const plans = new Map<string, How[]>()
  const booked = new Map<string, Charge>()
  const keys = new Set<string>()
  const refusals = new Map<string, string>()
  const held = new Set<string>()
  let failingFinds = 0
  let released = Promise.withResolvers<void>()

  function refuse(key: string, refusal: string) {
    refusals.set(key, refusal)
    return { refusal }
  }

  const psp: FakePsp = {
    asked: [],
    done: [],
    next: (op, ...how) => void plans.set(op, [...(plans.get(op) ?? []), ...how]),
    failFinds: (times) => {
      failingFinds = times
    },
    move: (orderId, state) => void booked.set(orderId, { ...booked.get(orderId)!, state }),
    holdCard: (card) => void held.add(card),
    release: () => {
      held.clear()
      released.resolve()
      released = Promise.withResolvers()
    },
    carryOut: async (request) => {
      const { op, order_id, psp_key: key } = request
      psp.asked.push(request)
      const plan = plans.get(op)?.shift()
      if (plan === 'hold' || held.has(request.payment_token)) await released.promise
      if (plan === 'limit') throw new OutcomeUnknown('answered 429', { retryAfterMs: RETRY_AFTER_MS })
      if (plan === 'fail') throw new OutcomeUnknown('the processor answered 500')
      const kept = refusals.get(key)
      if (kept !== undefined) return { refusal: kept }
      if (plan === 'refuse') return refuse(key, 'as the test wants')
      const charge = booked.get(order_id)
      if (!keys.has(key)) {
        if (op !== 'AUTH' && charge?.state !== STATE_BEFORE[op]) return refuse(key, `it is ${charge?.state}`)
        psp.done.push(request)
        keys.add(key)
        booked.set(order_id, chargeOf(request, charge?.charge_id ?? newId()))
      }
      if (plan === 'hold after it was done') await released.promise
      if (plan === 'fail after it was done') throw new OutcomeUnknown('the processor did not answer')
      return { charge: booked.get(order_id)! }
    },
    find: (orderId) => {
      if (failingFinds-- > 0) return Promise.reject(new OutcomeUnknown('the processor did not answer'))
      return Promise.resolve([booked.get(orderId)].filter((charge) => charge !== undefined))
    },
    export: () => Promise.resolve([]),
  }
  return psp
}

function chargeOf({ op, order_id, amount_minor, currency }: PspRequest, charge_id: string): Charge {
  const rest = { merchant_reference: order_id, amount_minor, currency, decline_reason: null }
  return { ...rest, charge_id, state: STATE_AFTER[op] }
}
