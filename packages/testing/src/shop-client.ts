import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Mode } from '@lepton/contracts/fields'
import type { Order } from '@lepton/contracts/order'
import { FINAL_STATUSES } from '@lepton/contracts/statuses'
import { Pool } from 'undici'
import { until } from './until.ts'

const LATER = new Set(['/problems/overloaded', '/problems/request-in-progress'])
const MAX_TRIES = 10
const RENEW_MS = 600_000

export interface ShopAnswer<T = unknown> {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: T
}

export interface AskOptions {
  body?: unknown
  key?: string
  headers?: Record<string, string>
}

export interface Shopper {
  token: string
  customerId: string
  ask<T = unknown>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    options?: AskOptions,
  ): Promise<ShopAnswer<T>>
  /** Places an order and returns its id, again while the shop is overloaded; anything else than a 202 is an error. */
  place(lines: { item_id: string; quantity: number }[], paymentToken?: string, mode?: Mode): Promise<string>
  order(orderId: string): Promise<Order>
  /** Waits for one of the statuses. */
  settled(orderId: string, statuses?: readonly string[], timeoutMs?: number): Promise<Order>
}

export interface ShopClient {
  /** The URL of the shop. */
  gateway: string
  ask<T = unknown>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    options?: AskOptions,
  ): Promise<ShopAnswer<T>>
  shopper(): Promise<Shopper>
  operator(secret: string): Promise<Shopper>
  close(): Promise<void>
}

/** Speaks to a shop as people do: through its gateway. */
export function createShopClient(gateway: string, { connections = 64, timeoutMs = 15_000 } = {}): ShopClient {
  const pool = new Pool(gateway, { connections, headersTimeout: timeoutMs, bodyTimeout: timeoutMs })

  async function ask<T>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    { body, key, headers = {} }: AskOptions = {},
  ): Promise<ShopAnswer<T>> {
    const answer = await pool.request({
      method,
      path,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
        ...headers,
      },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    })
    const text = await answer.body.text()
    const isJson = String(answer.headers['content-type']).includes('json')
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: (isJson ? JSON.parse(text) : text) as T,
    }
  }

  async function signIn(path: string, body?: object): Promise<Shopper> {
    const session = await ask<{ token: string; customer_id: string }>('POST', path, { body })
    if (session.status !== 201)
      throw new Error(`POST ${path} answered ${session.status}: ${JSON.stringify(session.body)}`)
    return asShopper(session.body.token, session.body.customer_id)
  }

  function asShopper(token: string, customerId: string): Shopper {
    const shopper: Shopper = {
      token,
      customerId,
      ask: (method, path, options = {}) =>
        ask(method, path, { ...options, headers: { authorization: `Bearer ${token}`, ...options.headers } }),
      place: async (lines, paymentToken = 'tok_approved', mode = 'saga') => {
        const request = { key: randomUUID(), body: { lines, payment_token: paymentToken, mode } }
        for (let tries = 1; ; tries++) {
          const answer = await shopper.ask<{ order_id: string; type?: string }>(
            'POST',
            '/api/v1/orders',
            request,
          )
          const { status, headers, body } = answer
          if (status === 202) return body.order_id
          // A busy machine has overloaded shops, and first tries that are still in progress: the same request later, as asked.
          if (!LATER.has(body.type ?? '') || tries === MAX_TRIES)
            throw new Error(`POST /api/v1/orders answered ${status}: ${JSON.stringify(body)}`)
          await delay(1_000 * Number(headers['retry-after']))
        }
      },
      order: async (orderId) => {
        const { status, body } = await shopper.ask<Order>('GET', `/api/v1/orders/${orderId}`)
        if (status !== 200)
          throw new Error(`GET /api/v1/orders/${orderId} answered ${status}: ${JSON.stringify(body)}`)
        return body
      },
      settled: (orderId, statuses = FINAL_STATUSES, timeoutMs = 15_000) =>
        until(
          `order ${orderId} ${statuses.join(' or ')}`,
          async () => {
            const order = await shopper.order(orderId)
            return statuses.includes(order.status) && order
          },
          { timeoutMs, everyMs: 5 },
        ),
    }
    return shopper
  }

  return {
    gateway,
    ask,
    shopper: () => signIn('/api/v1/session'),
    operator: (secret) => renewed(() => signIn('/api/v1/session/operator', { secret })),
    close: () => pool.close(),
  }
}

/** One that signs in again before the token is too old: a slow machine's journeys take longer than its quarter of an hour. */
async function renewed(signIn: () => Promise<Shopper>): Promise<Shopper> {
  let current = await signIn()
  let renewAtMs = performance.now() + RENEW_MS
  return {
    ...current,
    get token() {
      return current.token
    },
    ask: async (method, path, options) => {
      if (performance.now() > renewAtMs) {
        current = await signIn()
        renewAtMs = performance.now() + RENEW_MS
      }
      return current.ask(method, path, options)
    },
  }
}
