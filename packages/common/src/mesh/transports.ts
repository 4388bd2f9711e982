import type { KnownInstance } from './membership.ts'
import { createFramesTransport } from './frames/client.ts'
import { createGrpcTransport } from './grpc/lazy-client.ts'
import { createHttp2Transport } from './http2/client.ts'
import type { SecureWay } from './tls/identity.ts'
import { createTransport, type Transport, type TransportSettings } from './transport.ts'

export const TRANSPORT_NAMES = ['http1', 'http2', 'grpc', 'frames'] as const
export type TransportName = (typeof TRANSPORT_NAMES)[number]

/** Where an instance says in its metadata that it listens for a transport other than HTTP/1.1. */
export const PORT_KEYS = { http2: 'http2_port', grpc: 'grpc_port', frames: 'frames_port' } as const

/** The port at which an instance speaks a transport; NaN where it does not. */
export function portOf({ port, meta }: KnownInstance, name: TransportName): number {
  if (name === 'http1') return port
  const own = Number(meta[PORT_KEYS[name]])
  return Number.isInteger(own) && own >= 1 && own <= 65_535 ? own : Number.NaN
}

/** The transport that is wanted, if the instance speaks it: a fleet may be mixed while it is changed. HTTP/1.1 if not. */
export function spokenBy(instance: KnownInstance, wanted: TransportName): TransportName {
  return Number.isNaN(portOf(instance, wanted)) ? 'http1' : wanted
}

/** Where an instance says in its metadata that it speaks TLS, and wants a certificate of its caller. */
export const TLS_KEY = 'tls'
export const TLS_MUTUAL = 'mutual'
/** The same for DNS, which does not say metadata: what has a tag can be asked for. */
export const TLS_TAG = 'tls'

export function speaksTls({ meta }: Pick<KnownInstance, 'meta'>): boolean {
  return meta[TLS_KEY] === TLS_MUTUAL
}

/** Connections to one instance, by a transport that it speaks. */
export function openTransport(
  instance: KnownInstance,
  name: TransportName,
  settings: TransportSettings,
  tls?: SecureWay,
): Transport {
  const { address } = instance
  const host = address.includes(':') ? `[${address}]` : address
  const originOf = (of: TransportName) =>
    `${tls === undefined ? 'http' : 'https'}://${host}:${portOf(instance, of)}`
  const placeOf = (of: TransportName) => ({ host: address, port: portOf(instance, of), tls })
  const http1 = createTransport(originOf('http1'), settings, tls)
  switch (name) {
    case 'http1':
      return http1
    case 'http2':
      return createHttp2Transport(originOf('http2'), placeOf('http2'), settings, http1)
    case 'grpc':
      return createGrpcTransport(originOf('grpc'), placeOf('grpc'), settings, http1)
    case 'frames':
      return createFramesTransport(placeOf('frames'), settings, http1)
  }
}
