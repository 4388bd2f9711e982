import { createServer, type Server } from 'node:https'
import type { Log } from '../../runtime/log.ts'
import { Unavailable } from '../../runtime/problem.ts'
import { createTransport, TransportError, transportDefaults } from '../transport.ts'
import type { Security } from '../tls/security.ts'
import { forwarder, proxyDefaults, type ProxySettings } from './forward.ts'

/** Tells the program who calls; what a caller itself says of that is taken out. */
const CALLER_HEADER = 'lepton-caller'

/**
 * TLS for a program that does not know it: lets in those who may call the service, and passes their requests on to
 * the program's own port on this machine.
 */
export function createInboundProxy(
  { security, to, name, deadlineMs, log }: InboundOptions,
  given: Partial<ProxySettings> = {},
): { server: Server; close(): Promise<void> } {
  const settings = { ...proxyDefaults, ...given }
  const program = createTransport(to, transportDefaults)
  const tls = security.identity.server
  const forward = forwarder(
    async (req, { headers: { [CALLER_HEADER]: _said, ...headers }, ...passed }) => {
      const caller = tls.callerOn(req.socket)
      try {
        return await program.exchange({
          ...passed,
          path: req.url ?? '/',
          headers: { ...headers, ...(caller !== undefined && { [CALLER_HEADER]: caller }) },
          timeoutMs: deadlineMs,
        })
      } catch (error) {
        if (error instanceof TransportError) throw new Unavailable(name, { cause: error })
        throw error
      }
    },
    { log, settings },
  )
  const options = { ...tls.options(), requestTimeout: settings.requestTimeoutMs }
  const server = tls.keep(createServer(options, security.guard(forward)))
  server.maxConnections = settings.maxConnections
  return { server, close: () => program.close() }
}

interface InboundOptions {
  security: Security
  /** The program's own address, as `http://127.0.0.1:8000`. */
  to: string
  /** The service that the program is. */
  name: string
  deadlineMs: number
  log: Log
}
