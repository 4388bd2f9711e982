import { type BlockList, isIP, isIPv6 } from 'node:net'
import type { Request } from 'express'

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'via']

/** Whether the request was made by a page that is not ours, as the browser says it. */
export function isForeign(req: Request): boolean {
  const origin = req.get('origin')
  return (origin !== undefined && origin !== ownOrigin(req)) || req.get('sec-fetch-site') === 'cross-site'
}

/** Scheme, name and port that the client asked for; as a trusted proxy says, where there is one. */
function ownOrigin(req: Request): string {
  return `${req.protocol}://${req.host}`
}

/** Whether the client asked for this machine itself, where browsers need no TLS to trust a connection. */
export function isLoopbackHost(req: Request): boolean {
  return LOOPBACK.test(req.host)
}

/**
 * Whether the request was made on this machine: by address and by name, since a page may rebind its own name
 * to this machine, and without a proxy between, since that one's address is not its client's.
 */
function isFromThisMachine(addresses: BlockList, req: Request): boolean {
  const address = (req.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  const isKnown = isIP(address) !== 0 && addresses.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  const isDirect = PROXY_HEADERS.every((name) => req.get(name) === undefined)
  return isKnown && isDirect && LOOPBACK.test(req.get('host') ?? '')
}

/** Whether the request was made on this machine, and by no page. */
export function isFromHere(addresses: BlockList, req: Request): boolean {
  // `none` is an address that a person typed.
  const isOfPage = req.get('origin') !== undefined || (req.get('sec-fetch-site') ?? 'none') !== 'none'
  return isFromThisMachine(addresses, req) && !isOfPage
}

/** Whether a page of this shop could be asking from this machine: a read has no Origin, a change must have ours. */
export function isFromOwnPageHere(addresses: BlockList, req: Request): boolean {
  const hasOrigin = req.method === 'GET' || req.get('origin') !== undefined
  return isFromThisMachine(addresses, req) && hasOrigin && !isForeign(req)
}
