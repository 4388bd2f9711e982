import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Metrics } from '../runtime/metrics.ts'
import type { Verify } from './auth.ts'
import { isMeant } from './meant.ts'
import { startServer } from './server.ts'
import type { Span } from '../runtime/span.ts'
import type { Snapshot } from './snapshot.ts'
import { maySnapshot } from './take-snapshot.ts'

/**
 * Answers `/metrics`, `/livez`, `/readyz`, `/snapshot` and `/spans?trace_id=` on a listener of their own, away from the one that customers reach.
 *
 * The metrics are rendered once at a time: requests that come during a rendering share its text.
 */
export async function startOpsListener({
  host,
  port,
  name,
  metrics,
  isReady,
  snapshots,
}: {
  host: string
  port: number
  /** The instance's own, which a check of its health may name. */
  name?: string
  metrics: Metrics
  isReady: () => boolean
  /** Without them the process gives none. */
  snapshots?: { take: () => Promise<Snapshot>; spansOf?: (traceId: string) => Span[]; verify: Verify }
}): ReturnType<typeof startServer> {
  let rendering: Promise<string> | undefined
  const render = () =>
    (rendering ??= metrics.registry.metrics().finally(() => {
      rendering = undefined
    }))

  function send(res: ServerResponse, status: number, type: string, body: string): void {
    res.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
  }

  /** For one service alone: routes, counts and spans say more of a shop than a visitor should know. */
  async function look(req: IncomingMessage, res: ServerResponse, take: () => unknown): Promise<void> {
    const isAllowed =
      snapshots !== undefined && (await maySnapshot(snapshots.verify, req.headers.authorization))
    if (!isAllowed) return send(res, 403, 'text/plain', 'this needs the token of the ops service')
    try {
      send(res, 200, 'application/json', JSON.stringify(await take()))
    } catch {
      send(res, 500, 'text/plain', 'it could not be looked at')
    }
  }

  function sendReady(res: ServerResponse, ready: boolean): void {
    send(res, ready ? 200 : 503, 'application/json', JSON.stringify({ ready }))
  }

  function serve(req: IncomingMessage, res: ServerResponse): void {
    const { url = '' } = req
    switch (`${req.method} ${url.split('?')[0]}`) {
      case 'GET /metrics':
        return void render().then(
          (text) => send(res, 200, metrics.registry.contentType, text),
          () => send(res, 500, 'text/plain', 'the metrics could not be collected'),
        )
      case 'GET /livez':
        return send(res, 200, 'application/json', '{"status":"alive"}')
      case 'GET /readyz':
        return sendReady(res, isReady() && isMeant(url, name))
      case 'GET /snapshot':
        return void look(req, res, () => snapshots!.take())
      case 'GET /spans':
        return void look(req, res, () => snapshots!.spansOf?.(traceIdIn(url)) ?? [])
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

function traceIdIn(url: string): string {
  return new URLSearchParams(url.split('?')[1]).get('trace_id') ?? ''
}
