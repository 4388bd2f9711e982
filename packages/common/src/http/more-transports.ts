import type { RequestListener } from 'node:http'
import { createFramesServer } from '../mesh/frames/server.ts'
import { createGrpcServer } from '../mesh/grpc/server.ts'
import { createHttp2Server } from '../mesh/http2/server.ts'
import { overHttp } from '../mesh/over-http.ts'
import { listen } from '../mesh/serving.ts'
import type { ServerTls } from '../mesh/tls/identity.ts'
import { PORT_KEYS } from '../mesh/transports.ts'

export interface MoreTransports {
  /** What an instance says of them in its metadata. */
  meta: Record<string, string>
  /** Lets requests in flight end. */
  close(): Promise<void>
}

interface TransportPorts {
  HOST: string
  HTTP2_PORT: number
  GRPC_PORT: number
  FRAMES_PORT: number
}

/** Lets an app also be asked by HTTP/2, gRPC and frames, each on a port of its own; port 0 takes a free one. */
export async function startMoreTransports(
  listener: RequestListener,
  { HOST, HTTP2_PORT, GRPC_PORT, FRAMES_PORT }: TransportPorts,
  tls?: ServerTls,
): Promise<MoreTransports> {
  const handle = overHttp(listener)
  const http2 = createHttp2Server(handle, { tls })
  const grpc = createGrpcServer(handle, { tls })
  const frames = createFramesServer(handle, { tls })
  return {
    meta: {
      [PORT_KEYS.http2]: String(await listen(http2.server, HOST, HTTP2_PORT)),
      [PORT_KEYS.grpc]: String(await listen(grpc.server, HOST, GRPC_PORT)),
      [PORT_KEYS.frames]: String(await listen(frames.server, HOST, FRAMES_PORT)),
    },
    close: async () => {
      await Promise.all([http2.close(), grpc.close(), frames.close()])
    },
  }
}
