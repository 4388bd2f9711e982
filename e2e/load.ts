import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Problem } from '@lepton/contracts/problems'
import type { ShopClient, Shopper } from '@lepton/testing/shop-client'

export interface Outcome {
  requests: number
  /** Answers of 500 and more, and requests without any answer. */
  failures: string[]
  /** Other answers than a successful one. */
  refusals: string[]
  orders: { shopper: Shopper; orderId: string }[]
}

interface Step {
  method: 'GET' | 'POST'
  path: string
  body?: unknown
  key?: string
}

/** Between two requests of a shopper: fast, but not as fast as one machine that serves and shops can. */
const THINK_MS = 15
const MAX_TRIES = 12
const ITEMS = ['coffee-grinder', 'cast-iron-pan', 'pour-over-kettle']

export interface Load extends AsyncDisposable {
  stop(): Promise<Outcome>
}

/** Shoppers who look around and buy, each request safe to be repeated, until `stop` says what they met, or the test has failed. */
export async function startLoad(client: ShopClient, shoppers: number): Promise<Load> {
  const outcome: Outcome = { requests: 0, failures: [], refusals: [], orders: [] }
  const people = await Promise.all(Array.from({ length: shoppers }, () => client.shopper()))
  let isOver = false

  async function shop(shopper: Shopper, item_id: string): Promise<void> {
    while (!isOver) {
      await ask(shopper, { method: 'GET', path: '/products?limit=3' })
      await ask(shopper, { method: 'POST', path: '/cart', key: randomUUID(), body: { item_id, quantity: 1 } })
      await ask(shopper, { method: 'GET', path: '/cart' })
      await buy(shopper, '/cart/checkout', {})
      await buy(shopper, '/orders', { lines: [{ item_id, quantity: 1 }] })
      await ask(shopper, { method: 'GET', path: '/orders' })
    }
  }

  async function buy(shopper: Shopper, path: string, body: object): Promise<void> {
    const placed = await ask(shopper, {
      method: 'POST',
      path,
      key: randomUUID(),
      body: { ...body, payment_token: 'tok_approved' },
    })
    if (placed === undefined) return
    const { order_id: orderId } = placed as { order_id: string }
    outcome.orders.push({ shopper, orderId })
    await ask(shopper, { method: 'GET', path: `/orders/${orderId}` })
  }

  async function ask(shopper: Shopper, { method, path, ...options }: Step): Promise<unknown> {
    outcome.requests++
    await delay(THINK_MS)
    const what = `${method} ${path}`
    try {
      const { status, body } = await askUntilFirstEnded(shopper, method, `/api/v1${path}`, options)
      if (status < 300) return body
      const answer = `${what} answered ${status} ${JSON.stringify(body)}`
      if (status >= 500) outcome.failures.push(answer)
      else outcome.refusals.push(answer)
    } catch (error) {
      outcome.failures.push(`${what}: ${String(error)}`)
    }
    return undefined
  }

  const running = people.map((shopper, index) => shop(shopper, ITEMS[index % ITEMS.length]!))
  async function stop(): Promise<Outcome> {
    isOver = true
    await Promise.all(running)
    return outcome
  }
  return {
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop()
    },
  }
}

/**
 * What a client with a key does: an instance that is paused may hold the transaction of the first try, so the
 * second gets a 409 and comes again. PostgreSQL ends that transaction after 10 s.
 */
async function askUntilFirstEnded(
  shopper: Shopper,
  method: Step['method'],
  path: string,
  options: { body?: unknown; key?: string },
): Promise<{ status: number; body: unknown }> {
  for (let tries = 1; ; tries++) {
    const answer = await shopper.ask<Problem>(method, path, options)
    const isRunning = answer.status === 409 && answer.body.type === '/problems/request-in-progress'
    if (!isRunning || tries === MAX_TRIES) return answer
    await delay(1_000 * Number(answer.headers['retry-after']))
  }
}
