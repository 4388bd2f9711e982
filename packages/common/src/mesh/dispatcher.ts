import { Dispatcher, Dispatcher1Wrapper } from 'undici'
import type { MeshAnswer } from './call.ts'
import type { MeshClient } from './client.ts'
import { endToEndHeaders, wholeBody } from './hop.ts'
import type { Method } from './transport.ts'

export interface DispatcherSettings {
  /** A longer body is an error: it is kept whole, since the request may be sent again. */
  maxBodyBytes: number
  /** Names a request's operation, from a small fixed set: each has a breaker and series of its own. */
  operationOf: (request: { method: string; path: string }) => string
}

export const dispatcherDefaults: DispatcherSettings = {
  maxBodyBytes: 1024 * 1024,
  operationOf: ({ method }) => method,
}

/**
 * A mesh client as an undici Dispatcher, for whatever takes one: `fetch('http://inventory/products', { dispatcher })`
 * asks the best instance of the service that the host names. Works with undici's `request` and `fetch` and with
 * Node's own `fetch`.
 *
 * Any answer resolves, whatever its status. Where no instance answers in time it rejects, with the mesh's error as the cause.
 * An abort ends the wait; the request itself runs to its deadline. Closing it does not close the mesh client.
 */
export function createMeshDispatcher(mesh: MeshClient, given: Partial<DispatcherSettings> = {}): Dispatcher {
  return new Dispatcher1Wrapper(new MeshDispatcher(mesh, { ...dispatcherDefaults, ...given }))
}

class MeshDispatcher extends Dispatcher {
  readonly #mesh: MeshClient
  readonly #settings: DispatcherSettings

  constructor(mesh: MeshClient, settings: DispatcherSettings) {
    super()
    this.#mesh = mesh
    this.#settings = settings
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const exchange = new Exchange(handler)
    exchange.start()
    this.#send(options).then(
      (answer) => exchange.end(answer),
      (error: unknown) => exchange.fail(error as Error),
    )
    return true
  }

  async #send({ origin, path, method, headers, body }: Dispatcher.DispatchOptions): Promise<MeshAnswer> {
    return this.#mesh.request({
      service: new URL(String(origin)).hostname,
      operation: this.#settings.operationOf({ method, path }),
      method: method as Method,
      path,
      headers: endToEndHeaders(pairsOf(headers)),
      body: await bodyOf(body, this.#settings.maxBodyBytes),
    })
  }

  override close(): Promise<void> {
    return Promise.resolve()
  }

  override destroy(): Promise<void> {
    return Promise.resolve()
  }
}

/** One request, and what its handler has heard of it. Nothing reaches the handler after an abort. */
class Exchange implements Dispatcher.DispatchController {
  readonly #handler: Dispatcher.DispatchHandler
  reason: Error | null = null
  paused = false
  rawHeaders: string[] = []
  #chunk: Buffer | undefined

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler
  }

  get aborted(): boolean {
    return this.reason !== null
  }

  start(): void {
    this.#handler.onRequestStart?.(this, {})
  }

  end({ status, headers, body }: MeshAnswer): void {
    if (this.aborted) return
    this.rawHeaders = Object.entries(headers).flatMap(([name, value]) =>
      [value ?? []].flat().flatMap((one) => [name, one]),
    )
    this.#handler.onResponseStart?.(this, status, headers)
    this.#chunk = body
    this.#drain()
  }

  fail(error: Error): void {
    if (!this.aborted) this.#handler.onResponseError?.(this, error)
  }

  abort(reason: Error): void {
    if (this.aborted) return
    this.reason = reason
    this.#chunk = undefined
    this.#handler.onResponseError?.(this, reason)
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    this.#drain()
  }

  #drain(): void {
    const chunk = this.#chunk
    if (chunk === undefined || this.paused) return
    this.#chunk = undefined
    if (chunk.length > 0) this.#handler.onResponseData?.(this, chunk)
    this.#handler.onResponseEnd?.(this, {})
  }
}

function pairsOf(given: Dispatcher.DispatchOptions['headers']): [string, string | string[]][] {
  if (given === null || given === undefined) return []
  const pairs: [string, string | string[] | number | undefined][] = Array.isArray(given)
    ? given.flatMap((name, index) => (index % 2 === 0 ? [[name, given[index + 1]]] : []))
    : Symbol.iterator in given
      ? [...given]
      : Object.entries(given)
  return pairs.flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value : `${value}`]],
  )
}

function bodyOf(
  body: Dispatcher.DispatchOptions['body'],
  maxBytes: number,
): Promise<Buffer> | Buffer | string | undefined {
  if (body === null || body === undefined) return undefined
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array) return Buffer.from(body)
  return wholeBody(body as AsyncIterable<Uint8Array>, maxBytes)
}
