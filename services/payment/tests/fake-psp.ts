import type { Charge } from '@lepton/contracts/psp'
import { newId } from '@lepton/common/id'
import type { PspClient, PspRequest } from '../src/psp-client.ts'

type How = 'refuse' | 'fail' | 'fail after it was done' | 'hold' | 'hold after it was done'

const STATE_AFTER = { AUTH: 'AUTHORIZED', CAPTURE: 'CAPTURED', VOID: 'VOIDED', REFUND: 'REFUNDED' } as const

export interface FakePsp extends PspClient {
  /** What was asked, oldest first; repeats with the same key too. */
  asked: PspRequest[]
  /** What was done: at most once per key. */
  done: PspRequest[]
  /** How the next requests of an operation go; afterwards they are done at once again. */
  next(op: PspRequest['op'], ...how: How[]): void
  /** Lets the requests that are held go on. */
  release(): void
}

/** A processor in memory that keeps its word about keys and fails as it is told. */
export function createFakePsp(): FakePsp {
  const plans = new Map<string, string[]>()
  const charges = new Map<string, string>()
  const booked = new Map<string, Charge>()
  const keys = new Set<string>()
  let released = Promise.withResolvers<void>()
  const psp: FakePsp = {
    asked: [],
    done: [],
    next: (op, ...how) => void plans.set(op, [...(plans.get(op) ?? []), ...how]),
    release: () => {
      released.resolve()
      released = Promise.withResolvers()
    },
    carryOut: async (request) => {
      psp.asked.push(request)
      const plan = plans.get(request.op)?.shift()
      if (plan === 'hold') await released.promise
      if (plan === 'fail') throw new Error('the processor answered 500')
      if (plan === 'refuse') return { kind: 'refused', reason: 'as the test wants' }
      if (!keys.has(request.psp_key)) psp.done.push(request)
      keys.add(request.psp_key)
      const charge_id = charges.get(request.order_id) ?? newId()
      charges.set(request.order_id, charge_id)
      booked.set(request.order_id, chargeOf(request, charge_id))
      if (plan === 'hold after it was done') await released.promise
      if (plan === 'fail after it was done') throw new Error('the processor did not answer')
      return { kind: 'done', charge_id }
    },
    find: (orderId) => Promise.resolve(booked.get(orderId)),
    export: () => Promise.resolve([]),
  }
  return psp
}

function chargeOf({ op, order_id, amount_minor, currency }: PspRequest, charge_id: string): Charge {
  const rest = { merchant_reference: order_id, amount_minor, currency, decline_reason: null }
  return { ...rest, charge_id, state: STATE_AFTER[op] }
}
