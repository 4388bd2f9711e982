import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { CannotStart } from './cannot-start.ts'

const POLL_MS = 25
const REQUEST_TIMEOUT_MS = 10_000

interface Answer {
  status: number
  body: Record<string, unknown>
}

function parseBody(text: string): Answer['body'] {
  return text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : {}
}

/**
 * Buys the first product through the gateway and waits until the order is COMPLETED.
 *
 * A refused or failed request is tried again with the same Idempotency-Key until `timeoutMs`: right after a start
 * the services may still be finding each other.
 */
export async function placeProbeOrder(
  gateway: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string> {
  const deadline = Date.now() + timeoutMs
  const api = `${gateway}/api/v1`
  const key = randomUUID()
  let last = 'no answer'

  async function request(method: string, path: string, token?: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${api}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json', 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    })
    const text = await response.text()
    last = `${method} ${path} answered ${response.status} ${text.slice(0, 300)}`
    return { status: response.status, body: parseBody(text) }
  }

  async function attempt(): Promise<string | undefined> {
    const session = await request('POST', '/session')
    const products = await request('GET', '/products')
    const { token } = session.body as { token?: string }
    const [product] = (products.body as { items?: { product_id: string }[] }).items ?? []
    if (token === undefined || product === undefined) return undefined
    const order = {
      lines: [{ item_id: product.product_id, quantity: 1 }],
      payment_token: 'tok_approved',
      mode: 'saga',
    }
    const placed = await request('POST', '/orders', token, order)
    const { order_id: orderId } = placed.body as { order_id?: string }
    if (placed.status !== 202 || orderId === undefined) return undefined
    while (Date.now() < deadline) {
      const { body } = await request('GET', `/orders/${orderId}`, token)
      if (body['status'] === 'COMPLETED') return orderId
      await delay(POLL_MS, undefined, { signal })
    }
    return undefined
  }

  while (Date.now() < deadline) {
    const orderId = await attempt().catch((error: unknown) => {
      signal.throwIfAborted()
      last = (error as Error).message
      return undefined
    })
    if (orderId !== undefined) return orderId
    await delay(4 * POLL_MS, undefined, { signal })
  }
  throw new CannotStart(
    `The probe order was not completed in ${timeoutMs / 1000} s; the last answer: ${last}`,
  )
}
