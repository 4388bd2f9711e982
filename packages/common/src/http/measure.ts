import type { Request, RequestHandler, Response } from 'express'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { recordSpan, spanNowMs } from '../runtime/span.ts'
import { continueTrace, withTrace } from '../runtime/trace.ts'
import { STREAMING } from './event-stream.ts'

/** Gives each request its trace, and measures it until it is answered or has become a stream. */
export function traceAndMeasure(log: Log, metrics: Metrics, isReady: () => boolean): RequestHandler {
  const duration = metrics.histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Duration of requests by method and route',
    labelNames: ['http_request_method', 'http_route'],
  })
  const requests = metrics.counter({
    name: 'http_server_requests_total',
    help: 'Requests by method, route and status',
    labelNames: ['http_request_method', 'http_route', 'http_response_status_code'],
  })
  return (req, res, next) => {
    const trace = continueTrace({
      traceparent: req.get('traceparent'),
      tracestate: req.get('tracestate'),
      requestId: req.get('x-request-id'),
    })
    const startedAtMs = spanNowMs()
    res.setHeader('x-request-id', trace.request_id)
    // A client that keeps its connection would lose a request to the closing socket.
    if (!isReady()) res.setHeader('connection', 'close')
    const measure = (isWhole: boolean) => {
      const ms = spanNowMs() - startedAtMs
      const route = routeOf(req)
      const status = isWhole ? res.statusCode : 499
      const labels = { http_request_method: methodLabel(req.method), http_route: route }
      duration.observe(labels, ms / 1000)
      requests.inc({ ...labels, http_response_status_code: status })
      if (trace.is_sampled && !HEALTH.has(route))
        recordSpan(trace, startedAtMs, {
          name: `${labels.http_request_method} ${route}`,
          kind: 'server',
          attributes: { ...labels, http_response_status_code: status },
          error: status >= 500 ? `answered ${status}` : undefined,
        })
      log.debug({ method: req.method, route, status, ms: Math.round(ms) }, 'request')
    }
    const onClose = () => measure(res.writableFinished)
    res.once('close', onClose)
    res.once(STREAMING, () => {
      res.off('close', onClose)
      measure(true)
    })
    withTrace(trace, next)
  }
}

/** Asked every second, by Consul: of no interest to a trace. */
const HEALTH = new Set(['/livez', '/readyz'])

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE'])

/** As OpenTelemetry's conventions have it: what is not known here must not become a series of its own. */
function methodLabel(method: string): string {
  return METHODS.has(method) ? method : '_OTHER'
}

function routeOf(req: Request): string {
  const labelled = (req.res as Response | undefined)?.locals.route as string | undefined
  return labelled ?? (req.route as { path?: string } | undefined)?.path ?? 'none'
}
