import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Log } from '../../runtime/log.ts'
import { refuse } from '../../runtime/problem.ts'
import type { MeshClient } from '../client.ts'
import { forwarder, proxyDefaults, type ProxySettings } from './forward.ts'

const MESH_HOST = /^([a-z0-9][a-z0-9_-]{0,62})\.mesh(:\d+)?$/i

/**
 * The mesh for a program that does not know it: a request for the host `order.mesh` goes to an instance of `order`,
 * found, balanced and tried again as in any other client. What reaches the listener calls in the proxy's name.
 */
export function createProxy(
  { mesh, log }: { mesh: Pick<MeshClient, 'request'>; log: Log },
  given: Partial<ProxySettings> = {},
): Server {
  const settings = { ...proxyDefaults, ...given }
  const forward = forwarder(
    (req, passed) => {
      const { service, path } = targetOf(req)
      return mesh.request({ service, operation: passed.method, path, ...passed })
    },
    { log, settings },
  )
  const server = createServer({ requestTimeout: settings.requestTimeoutMs }, forward)
  server.maxConnections = settings.maxConnections
  return server
}

/** By the Host header; or by the whole URL, which comes from a client that uses us as its `http_proxy`. */
function targetOf({ url = '/', headers }: IncomingMessage): { service: string; path: string } {
  const whole = url.startsWith('/') || !URL.canParse(url) ? undefined : new URL(url)
  const host = whole?.host ?? headers.host ?? ''
  const service = MESH_HOST.exec(host)?.[1]?.toLowerCase()
  if (service === undefined)
    throw refuse('not-found', `The host ${JSON.stringify(host)} is not <service>.mesh.`)
  return { service, path: whole === undefined ? url : whole.pathname + whole.search }
}
