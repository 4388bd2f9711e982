import type { AddressInfo, Server } from 'node:net'

/** How long requests in flight may take to end when a server stops (ms). */
const IN_FLIGHT_MS = 5_000

/** Listens; port 0 takes a free one, which is returned. @throws Error where the place is taken */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return (server.address() as AddressInfo).port
}

/** Takes no new connections, lets requests in flight finish for up to 5 s, then has the connections cut. */
export async function closeGently(
  server: { close(done: () => void): unknown },
  { leave, cut }: { leave?: () => void; cut: () => void },
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  leave?.()
  const timer = setTimeout(cut, IN_FLIGHT_MS)
  await closed
  clearTimeout(timer)
}
