import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import closeWithGrace from 'close-with-grace'
import type { Log } from './log.ts'

const KEEP_ALIVE_MS = 65_000
/** A request that has not arrived whole by then is a slow client's: it holds a connection and nothing else. */
const HEADERS_MS = 10_000
const REQUEST_MS = 15_000
const IN_FLIGHT_MS = 5_000
const HARD_STOP_MS = 9_000

/** Listens on HOST and PORT; port 0 takes a free one, which is returned. */
export async function startServer(
  listener: RequestListener,
  { HOST, PORT, MAX_CONNECTIONS }: { HOST: string; PORT: number; MAX_CONNECTIONS?: number },
): Promise<{ server: Server; port: number }> {
  const timeouts = { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS }
  const server = createServer({ ...timeouts, connectionsCheckingInterval: 1_000 }, listener)
  if (MAX_CONNECTIONS !== undefined) server.maxConnections = MAX_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(PORT, HOST, resolve)
  })
  return { server, port: (server.address() as AddressInfo).port }
}

/** Lets requests in flight finish for up to 5 s, then cuts their connections. */
export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const timer = setTimeout(() => server.closeAllConnections(), IN_FLIGHT_MS)
  await closed
  clearTimeout(timer)
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
