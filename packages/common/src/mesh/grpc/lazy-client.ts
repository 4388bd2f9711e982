import type { SocketPlace } from '../open-socket.ts'
import type { Transport, TransportSettings } from '../transport.ts'

/** Exchanges by gRPC, whose library is loaded only by a process that uses it. Streams go over `streams`. */
export function createGrpcTransport(
  origin: string,
  place: SocketPlace,
  settings: TransportSettings,
  streams: Transport,
): Transport {
  const loading = import('./client.ts').then((client) =>
    client.createGrpcTransport(origin, place, settings, streams),
  )
  // A fault is met by the first exchange.
  loading.catch(() => undefined)
  return {
    exchange: async (request) => (await loading).exchange(request),
    open: (request, signal) => streams.open(request, signal),
    close: async () => (await loading).close(),
    destroy: async () => (await loading).destroy(),
  }
}
