import { randomUUID } from 'node:crypto'
import type { Shopper } from '@lepton/testing/shop-client'
import { patiently } from './overload.ts'

export interface Visits {
  /** Requests that were not answered with success, in the end. */
  failures: string[]
  /** How often the shop had no room for a request, and took it later. */
  refused: number
  /** How long each request took (ms). */
  took: number[]
  orderIds: string[]
}

const ITEM = 'coffee-grinder'
const line = { item_id: ITEM, quantity: 1 }
const card = { payment_token: 'tok_approved' }

/** An innocent guest, who looks around, buys in every way there is, and looks what came of it, until it `isOver`. */
export async function visit(guest: Shopper, isOver: () => boolean, atLeast = 3): Promise<Visits> {
  const visits: Visits = { failures: [], refused: 0, took: [], orderIds: [] }

  async function ask<T>(
    method: 'GET' | 'POST',
    path: string,
    body?: object,
    key?: string,
  ): Promise<T | undefined> {
    const startedAt = performance.now()
    try {
      const options = { ...(body !== undefined && { body }), ...(key !== undefined && { key }) }
      const answer = await patiently(
        () => guest.ask<T>(method, `/api/v1${path}`, options),
        () => visits.refused++,
      )
      visits.took.push(performance.now() - startedAt)
      if (answer.status < 300) return answer.body
      visits.failures.push(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    } catch (error) {
      visits.failures.push(`${method} ${path}: ${String(error)}`)
    }
    return undefined
  }

  async function order(path: string, body: object): Promise<string | undefined> {
    const accepted = await ask<{ order_id: string }>('POST', path, body, randomUUID())
    if (accepted !== undefined) visits.orderIds.push(accepted.order_id)
    return accepted?.order_id
  }

  for (let times = 0; times < atLeast || !isOver(); times++) {
    await ask('GET', '/products?limit=5')
    await ask('POST', '/cart', line, randomUUID())
    await ask('GET', '/cart')
    await order('/cart/checkout', card)
    await order('/orders', { lines: [line], ...card, mode: 'two_phase' })
    const unpaid = await order('/orders', { lines: [line] })
    if (unpaid !== undefined) {
      // Units first: an order is paid when they are held.
      await guest.settled(unpaid, ['RESERVED']).catch((error: unknown) => visits.failures.push(String(error)))
      await ask('POST', '/payments', { order_id: unpaid, ...card }, randomUUID())
      await ask('GET', `/payments/${unpaid}`)
    }
    await ask('GET', '/orders')
  }
  return visits
}
