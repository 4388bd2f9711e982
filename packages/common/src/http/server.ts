import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import closeWithGrace from 'close-with-grace'
import { closeGently, listen } from '../mesh/serving.ts'
import type { ServerTls } from '../mesh/tls/identity.ts'
import type { Log } from '../runtime/log.ts'

const KEEP_ALIVE_MS = 65_000
/** How often slow requests are looked for. */
const CHECK_MS = 1_000
const HARD_STOP_MS = 9_000

export interface ListenSettings {
  HOST: string
  PORT: number
  /** By when a request must have arrived whole, and its headers: what takes longer is a slow client's. */
  REQUEST_TIMEOUT_MS?: number
  HEADERS_TIMEOUT_MS?: number
  /** Connections at once; more are closed. */
  MAX_CONNECTIONS?: number
}

/** Listens on HOST and PORT; port 0 takes a free one, which is returned. With `tls`, clients show who they are. */
export async function startServer(
  listener: RequestListener,
  { HOST, PORT, REQUEST_TIMEOUT_MS, HEADERS_TIMEOUT_MS, MAX_CONNECTIONS }: ListenSettings,
  tls?: ServerTls,
): Promise<{ server: Server | SecureServer; port: number }> {
  const timeouts = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    ...(REQUEST_TIMEOUT_MS !== undefined && { requestTimeout: REQUEST_TIMEOUT_MS }),
    ...(HEADERS_TIMEOUT_MS !== undefined && { headersTimeout: HEADERS_TIMEOUT_MS }),
    connectionsCheckingInterval: CHECK_MS,
  }
  const server =
    tls === undefined
      ? createServer(timeouts, listener)
      : tls.keep(createSecureServer({ ...timeouts, ...tls.options() }, listener))
  if (MAX_CONNECTIONS !== undefined) server.maxConnections = MAX_CONNECTIONS
  return { server, port: await listen(server, HOST, PORT) }
}

/** Lets requests in flight finish for up to 5 s, then cuts their connections. */
export function closeServer(server: Server | SecureServer): Promise<void> {
  return closeGently(server, { cut: () => server.closeAllConnections() })
}

/**
 * Runs `stop` on SIGTERM, SIGINT or an uncaught fault, then ends the process; after 9 s it ends anyway.
 *
 * Where no parent-death signal exists, the process also stops when its launcher's pipe ends.
 */
export function onStop(
  { STOP_ON_STDIN_END }: { STOP_ON_STDIN_END: boolean },
  log: Log,
  stop: () => Promise<void>,
): void {
  closeWithGrace({ delay: HARD_STOP_MS, logger: false }, async ({ signal, err }) => {
    if (err !== undefined) log.fatal({ err }, 'an uncaught fault ends this instance')
    else log.info({ signal }, 'stopping')
    await stop()
    log.info('stopped')
  })
  if (STOP_ON_STDIN_END) process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).resume()
}
