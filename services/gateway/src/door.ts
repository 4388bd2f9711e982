import type { IncomingMessage, RequestListener } from 'node:http'
import type { InboundLimit } from '@lepton/common/http/inbound-limit'
import { priorityOf } from '@lepton/common/http/route'
import type { Metrics } from '@lepton/common/runtime/metrics'
import { problemDocument } from '@lepton/common/runtime/problem'
import { refuse } from '@lepton/shop/refuse'
import { ROUTES } from '@lepton/contracts/routes'
import type { Room } from './room.ts'

const RETRY_AFTER_S = 1
const PREFIX = '/api/v1'
const ORDERS = new Set(
  ROUTES.filter((route) => route.exposed !== false && priorityOf(route) === 'intake')
    .map(({ path }) => path)
    .concat('/order')
    .flatMap((path) => [path, PREFIX + path]),
)

/**
 * Stands before the app: refuses new orders that their owners would refuse, or that we have no room for, before a line of the app has run. An
 * order that cannot be taken must cost next to nothing, or the refusals themselves take the place of those that can.
 * What a client says in headers that only the shop's own processes may send is dropped here too.
 */
export function atTheDoor(
  app: RequestListener,
  {
    room,
    inbound,
    metrics,
    isBehindProxy,
  }: { room: Room; inbound: InboundLimit; metrics: Metrics; isBehindProxy: boolean },
): RequestListener {
  const shed = metrics.counter({
    name: 'http_server_shed_total',
    help: 'Requests refused because the instance was overloaded',
    labelNames: ['priority'],
  })
  return (req, res) => {
    dropInternalHeaders(req, isBehindProxy)
    if (!isNewOrder(req)) return app(req, res)
    if (inbound.hasRoom('intake') && room.enter()) {
      res.once('close', () => room.leave())
      return app(req, res)
    }
    shed.inc({ priority: 'intake' })
    const detail = 'The shop has as many orders to carry out as it can.'
    const refusal = refuse('overloaded', detail)
    const body = JSON.stringify(problemDocument(refusal, { instance: pathOf(req) }))
    res
      .writeHead(refusal.status, {
        'content-type': 'application/problem+json; charset=utf-8',
        'content-length': Buffer.byteLength(body),
        'retry-after': String(RETRY_AFTER_S),
        'cache-control': 'no-store',
      })
      .end(body)
  }
}

function isNewOrder(req: IncomingMessage): boolean {
  return req.method === 'POST' && ORDERS.has(pathOf(req))
}

function pathOf({ url = '' }: IncomingMessage): string {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}

/** Deadlines, attempts and prefixes are said by our own processes to each other; no client may speak for one. */
function dropInternalHeaders(req: IncomingMessage, isBehindProxy: boolean): void {
  const isInternal = (name: string) =>
    name.startsWith('lepton-') || (name === 'x-forwarded-prefix' && !isBehindProxy)
  if (!Object.keys(req.headers).some(isInternal)) return
  req.headers = Object.fromEntries(Object.entries(req.headers).filter(([name]) => !isInternal(name)))
}
