import type { ServerResponse } from 'node:http'

/** Those that describe one connection (RFC 9110, 7.6.1), and what each side of a hop says for itself. */
const OF_THE_CONNECTION = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** The headers that are meant for the other end, not for the next hop: names in lower case, several values in one. */
export function endToEndHeaders(
  pairs: readonly (readonly [name: string, value: string | readonly string[] | undefined])[],
): Record<string, string> {
  const lower = pairs.flatMap(([name, value]) =>
    value === undefined ? [] : [[name.toLowerCase(), [value].flat().join(', ')] as const],
  )
  const named = lower.flatMap(([name, value]) =>
    name === 'connection' ? value.toLowerCase().split(/\s*,\s*/) : [],
  )
  const kept = lower.filter(([name]) => !OF_THE_CONNECTION.has(name) && !named.includes(name))
  return Object.fromEntries(kept)
}

/**
 * A body as a whole, since it may be sent again.
 *
 * @throws RangeError where it has more bytes
 */
export async function wholeBody(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  const parts = body[Symbol.asyncIterator]()
  for (let part = await parts.next(); part.done !== true; part = await parts.next()) {
    bytes += part.value.length
    if (bytes > maxBytes) {
      // Not awaited, as `for await` does: a stream need not end while it is not read.
      parts.return?.().catch(() => undefined)
      throw new RangeError(`the body has more than ${maxBytes} bytes`)
    }
    chunks.push(part.value)
  }
  return Buffer.concat(chunks)
}

/** Aborted when the client closes its connection before it has the answer. */
export function goneSignal(res: ServerResponse): AbortSignal {
  const gone = new AbortController()
  res.once('close', () => {
    if (!res.writableFinished) gone.abort()
  })
  return gone.signal
}
