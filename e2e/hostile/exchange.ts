import { connect } from 'node:net'

const QUIET_MS = 10_000

/** Sends bytes as they are, and gives everything that comes back until the connection ends. */
export function exchange(
  gateway: string,
  bytes: string,
  { timeoutMs = QUIET_MS, ends = false } = {},
): Promise<string> {
  const { hostname, port } = new URL(gateway)
  const { promise, resolve } = Promise.withResolvers<string>()
  const socket = connect(Number(port), hostname)
  let got = ''
  socket.setTimeout(timeoutMs, () => socket.destroy())
  socket.on('data', (chunk) => (got += chunk.toString('latin1')))
  // A server that refuses may close before it has read everything.
  socket.on('error', () => undefined)
  socket.on('close', () => resolve(got))
  socket.write(bytes, 'latin1')
  if (ends) socket.end()
  return promise
}

/** The statuses of all answers that came over one connection; a body need not end with a line. */
export function statusesIn(got: string): number[] {
  return [...got.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
}
