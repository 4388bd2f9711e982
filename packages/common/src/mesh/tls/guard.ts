import type { RequestListener } from 'node:http'
import type { Log } from '../../runtime/log.ts'
import { problemDocument, refuse } from '../../runtime/problem.ts'
import { FAULT_HEADER, INTENTION } from '../blame.ts'
import type { Identity } from './identity.ts'
import type { Intents } from './intentions.ts'

/** Lets only those requests through whose caller may call this service, by the intentions that hold at that moment. */
export function guard(
  listener: RequestListener,
  {
    service,
    identity,
    intents,
    log,
  }: {
    service: string
    identity: Pick<Identity, 'server' | 'refuse'>
    intents: Pick<Intents, 'allow'>
    log: Log
  },
): RequestListener {
  const logged = new Set<string | undefined>()

  return (req, res) => {
    const caller = identity.server.callerOn(req.socket)
    if (intents.allow(caller)) {
      if (logged.size > 0) logged.delete(caller)
      return listener(req, res)
    }
    identity.refuse('intention')
    const name = caller ?? 'a caller without a name'
    if (!logged.has(caller))
      log.warn({ caller: name }, 'calls of a service are refused: an intention denies them')
    logged.add(caller)
    const refusal = refuse('caller-refused', `An intention denies ${name} the calls of ${service}.`)
    res.setHeader('content-type', 'application/problem+json')
    res.setHeader(FAULT_HEADER, INTENTION)
    // What is left of a body that is not wanted would be read as the next request.
    if (!req.complete) res.setHeader('connection', 'close')
    res.writeHead(refusal.status).end(JSON.stringify(problemDocument(refusal)))
    req.resume()
  }
}
