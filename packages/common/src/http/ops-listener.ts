import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Metrics } from '../runtime/metrics.ts'
import { startServer } from './server.ts'

/**
 * Answers `/metrics`, `/livez` and `/readyz` on a listener of their own, away from the one that customers reach.
 *
 * The metrics are rendered once at a time: requests that come during a rendering share its text.
 */
export async function startOpsListener({
  host,
  port,
  metrics,
  isReady,
}: {
  host: string
  port: number
  metrics: Metrics
  isReady: () => boolean
}): Promise<{ server: Server; port: number }> {
  let rendering: Promise<string> | undefined
  const render = () =>
    (rendering ??= metrics.registry.metrics().finally(() => {
      rendering = undefined
    }))

  function send(res: ServerResponse, status: number, type: string, body: string): void {
    res.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
  }

  function serve(req: IncomingMessage, res: ServerResponse): void {
    switch (`${req.method} ${req.url}`) {
      case 'GET /metrics':
        return void render().then(
          (text) => send(res, 200, metrics.registry.contentType, text),
          () => send(res, 500, 'text/plain', 'the metrics could not be collected'),
        )
      case 'GET /livez':
        return send(res, 200, 'application/json', '{"status":"alive"}')
      case 'GET /readyz':
        return send(res, isReady() ? 200 : 503, 'application/json', JSON.stringify({ ready: isReady() }))
      default:
        return send(res, 404, 'text/plain', 'GET /metrics, /livez or /readyz')
    }
  }

  return startServer(serve, {
    HOST: host,
    PORT: port,
    REQUEST_TIMEOUT_MS: 5_000,
    HEADERS_TIMEOUT_MS: 5_000,
    MAX_CONNECTIONS: 50,
  })
}
