import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { CannotStart } from './cannot-start.ts'

const POLL_MS = 25
const REQUEST_TIMEOUT_MS = 10_000

interface Probe {
  gateway: string
  timeoutMs: number
  signal: AbortSignal
}

interface Answer {
  status: number
  body: Record<string, unknown>
}

/** One request; undefined stands for what is not given. */
type Request = (method: string, path: string, token?: string, body?: object) => Promise<Answer>

/**
 * Buys the first product through the gateway and waits until the order is COMPLETED.
 *
 * A refused or failed request is tried again with the same Idempotency-Key until `timeoutMs`: right after a start
 * the services may still be finding each other.
 */
export async function placeProbeOrder(probe: Probe): Promise<string> {
  return untilIt('The probe order was not completed', probe, async (request) => {
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
    for (;;) {
      const { body } = await request('GET', `/orders/${orderId}`, token)
      if (body['status'] === 'COMPLETED') return orderId
      await delay(POLL_MS, undefined, { signal: probe.signal })
    }
  })
}

/** Waits until an operator is shown an order's story with the parts of every service: `ops` is found, and finds them all. */
export async function probeOps(
  { orderId, operatorSecretFile }: { orderId: string; operatorSecretFile: string },
  probe: Probe,
): Promise<void> {
  const secret = readFileSync(operatorSecretFile, 'utf8').trim()
  let token: string | undefined
  await untilIt('An operator was not shown the probe order', probe, async (request) => {
    if (token === undefined) {
      const session = await request('POST', '/session/operator', undefined, { secret, name: 'launcher' })
      token = (session.body as { token?: string }).token
    }
    const { status, body } = await request('GET', `/ops/orders/${orderId}/timeline`, token)
    const { incomplete } = body as { incomplete?: unknown[] }
    return status === 200 && incomplete?.length === 0 ? true : undefined
  })
}

/** Tries until there is a result. @throws CannotStart with the last answer after `timeoutMs`, or `signal`'s reason */
async function untilIt<T>(
  failure: string,
  { gateway, timeoutMs, signal }: Probe,
  attempt: (request: Request) => Promise<T | undefined>,
): Promise<T> {
  const over = AbortSignal.timeout(timeoutMs)
  const key = randomUUID()
  let last = 'no answer'

  const request: Request = async (method, path, token, body) => {
    const response = await fetch(`${gateway}/api/v1${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json', 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.any([signal, over, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    })
    const text = await response.text()
    last = `${method} ${path} answered ${response.status} ${text.slice(0, 300)}`
    return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : {} }
  }

  while (!over.aborted) {
    const result = await attempt(request).catch((error: unknown) => {
      signal.throwIfAborted()
      if (!over.aborted) last = (error as Error).message
      return undefined
    })
    if (result !== undefined) return result
    await delay(4 * POLL_MS, undefined, { signal })
  }
  throw new CannotStart(`${failure} in ${timeoutMs / 1000} s; the last answer: ${last}`)
}
