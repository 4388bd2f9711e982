import type { Facts, Violation } from './facts.ts'

const UNITS = ['available', 'held', 'committed', 'received'] as const

/** I1: what orders have or will get was received; nothing is ever sold that is not there. */
export function noOversell(facts: Facts): Violation[] {
  const promised = new Map<string, number>()
  const add = (product: string, quantity: number) =>
    promised.set(product, (promised.get(product) ?? 0) + quantity)
  const taken = new Set(
    facts.reservations
      .filter(({ state }) => state === 'HELD' || state === 'COMMITTED')
      .map(({ order_id }) => order_id),
  )
  for (const { order_id, product_id, quantity } of facts.reservationItems) {
    if (taken.has(order_id)) add(product_id, quantity)
  }
  // An order that was completed without a reservation was sold units all the same.
  for (const { order_id, status, lines } of facts.orders) {
    if (status !== 'COMPLETED' || taken.has(order_id)) continue
    for (const { item_id, quantity } of lines) add(item_id, quantity)
  }
  const received = sumBy(facts.stockLedger, 'd_received')
  const oversold = [...promised].flatMap(([product, quantity]) => {
    const there = received.get(product) ?? 0
    return quantity > there ? [violation('I1', `${product}: ${quantity} promised, ${there} received`)] : []
  })
  const seen = facts.stockSamples
    .filter(({ available, over }) => available < 0 || over > 0)
    .map(({ product_id, available, over, at_ms }) =>
      violation('I1', `${product_id}: ${available} available and ${over} too many promised at ${at_ms}`),
    )
  return [...oversold, ...seen]
}

/** I2: every unit is available, held or committed, as the ledger and the reservations say. */
export function stockReconciles(facts: Facts): Violation[] {
  const sums = Object.fromEntries(
    UNITS.map((unit) => [unit, sumBy(facts.stockLedger, `d_${unit}`)]),
  ) as Record<(typeof UNITS)[number], Map<string, number>>
  const stateOf = new Map(facts.reservations.map(({ order_id, state }) => [order_id, state]))
  const reserved = new Map<string, number>()
  for (const { order_id, product_id, quantity } of facts.reservationItems) {
    const place = `${stateOf.get(order_id) ?? 'NONE'} ${product_id}`
    reserved.set(place, (reserved.get(place) ?? 0) + quantity)
  }
  return facts.stock.flatMap((row) => {
    const { product_id, available, held, committed, received } = row
    const wrong = UNITS.filter((unit) => row[unit] !== (sums[unit].get(product_id) ?? 0)).map(
      (unit) => `${row[unit]} ${unit}, the ledger says ${sums[unit].get(product_id) ?? 0}`,
    )
    if (available + held + committed !== received)
      wrong.push(`${received} received, but not the sum of the rest`)
    for (const [unit, state] of [
      ['held', 'HELD'],
      ['committed', 'COMMITTED'],
    ] as const) {
      const items = reserved.get(`${state} ${product_id}`) ?? 0
      if (row[unit] !== items) wrong.push(`${row[unit]} ${unit}, reservations ${state} have ${items}`)
    }
    return wrong.map((what) => violation('I2', `${product_id}: ${what}`))
  })
}

function sumBy(
  entries: Facts['stockLedger'],
  field: 'd_available' | 'd_held' | 'd_committed' | 'd_received',
): Map<string, number> {
  const sums = new Map<string, number>()
  for (const entry of entries) {
    sums.set(entry.product_id, (sums.get(entry.product_id) ?? 0) + entry[field])
  }
  return sums
}

const violation = (invariant: 'I1' | 'I2', what: string): Violation => ({ invariant, what })
