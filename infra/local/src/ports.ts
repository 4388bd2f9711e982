import { createServer } from 'node:net'

/** Below the range that systems take outgoing ports from, so that no connection takes one between choice and use. */
const FIRST_FREE_PORT = 20_000
const LAST_FREE_PORT = 32_000
const MAX_TRIES = 200

export interface PortChooser {
  /** The same port for the same name as in the last run where it is free, else `preferred`, else any free one. */
  choose: (name: string, preferred?: number) => Promise<number>
  chosen: () => Record<string, number>
}

/** Chooses ports on loopback; `remembered` is what the last run chose. No port is given out twice. */
export function createPortChooser(
  remembered: Record<string, number> = {},
  isFree = isPortFree,
  random = Math.random,
): PortChooser {
  const chosen: Record<string, number> = {}

  async function isUsable(port: number) {
    return !Object.values(chosen).includes(port) && (await isFree(port))
  }

  async function find(candidates: (number | undefined)[]): Promise<number> {
    for (const port of candidates) if (port !== undefined && (await isUsable(port))) return port
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const port = FIRST_FREE_PORT + Math.floor(random() * (LAST_FREE_PORT - FIRST_FREE_PORT))
      if (await isUsable(port)) return port
    }
    throw new Error(`no free port between ${FIRST_FREE_PORT} and ${LAST_FREE_PORT}`)
  }

  async function take(name: string, preferred?: number): Promise<number> {
    const port = chosen[name] ?? (await find([preferred, remembered[name]]))
    chosen[name] = port
    return port
  }

  // One after the other: two that look at the same time would find the same port free.
  let turn: Promise<unknown> = Promise.resolve()
  function choose(name: string, preferred?: number): Promise<number> {
    const taken = turn.then(() => take(name, preferred))
    turn = taken.catch(() => undefined)
    return taken
  }

  return { choose, chosen: () => ({ ...remembered, ...chosen }) }
}

export function isPortFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', () => resolve(false))
  server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  return promise
}
