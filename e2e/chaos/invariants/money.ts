import type { Charge } from '@lepton/contracts/psp'
import type { Facts, Movement, Violation } from './facts.ts'

const BOOKED_AS = { authorize: 'AUTH', capture: 'CAPTURE', void: 'VOID', refund: 'REFUND' } as const

/** I5: an order is charged once at most, exactly its amount; what was only authorised was given back. */
export function noDoubleCharge({ orders, charges, movements }: Facts): Violation[] {
  const amountOf = new Map(orders.map(({ order_id, amount_minor }) => [order_id, amount_minor]))
  const carriedOut = Map.groupBy(
    movements.filter(({ refusal, charge_id }) => refusal === null && charge_id !== null),
    ({ charge_id }) => charge_id!,
  )
  return [...Map.groupBy(charges, ({ merchant_reference }) => merchant_reference)].flatMap(
    ([order_id, ofOrder]) => {
      const captures = ofOrder
        .flatMap(({ charge_id }) => carriedOut.get(charge_id) ?? [])
        .filter(({ kind }) => kind === 'capture')
      const open = ofOrder.filter(({ state }) => state === 'AUTHORIZED').length
      const wrongAmounts = [...ofOrder, ...captures].filter(
        (one) => one.amount_minor !== amountOf.get(order_id),
      )
      const granted = ofOrder.filter(({ state }) => state !== 'DECLINED').length
      return [
        ...(captures.length > 1 ? [`was charged ${captures.length} times`] : []),
        ...(granted > 1 ? [`was authorised ${granted} times`] : []),
        ...(open > 0 ? [`${open} authorisations were neither captured nor voided`] : []),
        ...(wrongAmounts.length > 0
          ? [`${amountOf.get(order_id) ?? 'no order'}, but the processor has ${amounts(wrongAmounts)}`]
          : []),
      ].map((what) => ({ invariant: 'I5' as const, what, order_id }))
    },
  )
}

/** I6: a completed order has paid its amount, any other nothing; our books are the processor's, line by line. */
export function moneyReconciles({ orders, charges, movements, paymentLedger }: Facts): Violation[] {
  const chargeOf = new Map(charges.map((charge) => [charge.charge_id, charge]))
  const real = movements.filter((movement) => isBooked(movement, chargeOf))
  const paid = new Map<string, number>()
  for (const { charge_id, kind, amount_minor } of real) {
    const { merchant_reference } = chargeOf.get(charge_id!)!
    const sign = kind === 'capture' ? 1 : kind === 'refund' ? -1 : 0
    paid.set(merchant_reference, (paid.get(merchant_reference) ?? 0) + sign * amount_minor)
  }
  const unpaid = orders.flatMap(({ order_id, status, amount_minor }) => {
    const wanted = status === 'COMPLETED' ? amount_minor : 0
    const got = paid.get(order_id) ?? 0
    return got === wanted
      ? []
      : [violation(`is ${status}, ${wanted} were to be paid and ${got} were`, order_id)]
  })

  const ours = count(paymentLedger.map((entry) => `${entry.charge_id} ${entry.kind} ${entry.amount_minor}`))
  const theirs = count(
    real.map(({ charge_id, kind, amount_minor }) => `${charge_id!} ${BOOKED_AS[kind]} ${amount_minor}`),
  )
  const differing = [...new Set([...ours.keys(), ...theirs.keys()])].flatMap((line) => {
    const [here, there] = [ours.get(line) ?? 0, theirs.get(line) ?? 0]
    const order_id = chargeOf.get(line.split(' ')[0]!)?.merchant_reference
    return here === there
      ? []
      : [violation(`${line}: booked ${here} times here and ${there} there`, order_id)]
  })
  return [...unpaid, ...differing]
}

/** A refused movement and a declined card moved nothing. */
function isBooked({ refusal, charge_id, kind }: Movement, chargeOf: ReadonlyMap<string, Charge>): boolean {
  const charge = charge_id === null ? undefined : chargeOf.get(charge_id)
  return refusal === null && charge !== undefined && !(kind === 'authorize' && charge.state === 'DECLINED')
}

function count(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1)
  return counts
}

function amounts(all: readonly { amount_minor: number }[]): string {
  return all.map(({ amount_minor }) => amount_minor).join(', ')
}

const violation = (what: string, order_id: string | undefined): Violation => ({
  invariant: 'I6',
  what,
  ...(order_id !== undefined && { order_id }),
})
