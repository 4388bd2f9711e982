import type { KnownInstance } from './membership.ts'
import { createFramesTransport } from './frames/client.ts'
import { createHttp2Transport } from './http2/client.ts'
import { createTransport, type Transport, type TransportSettings } from './transport.ts'

export const TRANSPORT_NAMES = ['http1', 'http2', 'frames'] as const
export type TransportName = (typeof TRANSPORT_NAMES)[number]

/** Where an instance says in its metadata that it listens for a transport other than HTTP/1.1. */
export const PORT_KEYS = { http2: 'http2_port', frames: 'frames_port' } as const

/** The transport that is wanted, if the instance speaks it: a fleet may be mixed while it is changed. HTTP/1.1 if not. */
export function spokenBy({ meta }: KnownInstance, wanted: TransportName): TransportName {
  if (wanted === 'http1') return wanted
  const port = Number(meta[PORT_KEYS[wanted]])
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? wanted : 'http1'
}

/** Connections to one instance, by a transport that it speaks. */
export function openTransport(
  { address, port, meta }: KnownInstance,
  name: TransportName,
  settings: TransportSettings,
): Transport {
  const host = address.includes(':') ? `[${address}]` : address
  const http1 = createTransport(`http://${host}:${port}`, settings)
  switch (name) {
    case 'http1':
      return http1
    case 'http2':
      return createHttp2Transport(`http://${host}:${meta[PORT_KEYS.http2]}`, settings, http1)
    case 'frames':
      return createFramesTransport({ host: address, port: Number(meta[PORT_KEYS.frames]) }, settings, http1)
  }
}
