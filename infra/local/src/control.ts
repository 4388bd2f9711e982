import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { CannotStart } from './cannot-start.ts'
import { SERVER_NAMES, type ServerName } from './server.ts'
import { isService, SERVICES } from './services.ts'
import type { Shop } from './shop-types.ts'

/** The system's limit for the path of a socket is 104 characters or a little more. */
const MAX_SOCKET_PATH_CHARS = 100
const MAX_REQUEST_CHARS = 10_000
const SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGABRT', 'SIGSEGV'] as const

export type ControlRequest = { command: string; args: string[] }
export type ControlAnswer = { ok: true; result: unknown } | { ok: false; error: string }

/** Where the control socket of a state directory is. */
export function socketPath(stateDir: string): string {
  const path = join(resolve(stateDir), 'control.sock')
  if (path.length <= MAX_SOCKET_PATH_CHARS) return path
  const name = createHash('sha256').update(resolve(stateDir)).digest('hex').slice(0, 16)
  return join(tmpdir(), `lepton-${name}`, 'control.sock')
}

/** Lets this user, and nobody else, steer the shop: a line of JSON in, a line of JSON out. */
export async function serveControl(shop: Shop, onStop: () => void): Promise<() => void> {
  const path = socketPath(shop.stateDir)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  chmodSync(dirname(path), 0o700)
  rmSync(path, { force: true })
  const server = createServer((socket) => void converse(socket, shop, onStop))
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen(path, listening.resolve)
  await listening.promise
  chmodSync(path, 0o600)
  return () => {
    server.close()
    rmSync(path, { force: true })
  }
}

/** Asks the launcher that runs on a state directory. */
export function askControl(stateDir: string, request: ControlRequest): Promise<unknown> {
  const { promise, resolve: answered, reject } = Promise.withResolvers<unknown>()
  const socket = connect(socketPath(stateDir))
  socket.once('error', () => {
    reject(new CannotStart(`No shop runs on ${stateDir}: start one with \`npm start\`.`))
  })
  socket.once('connect', () => socket.write(`${JSON.stringify(request)}\n`))
  createInterface({ input: socket })
    .once('line', (line) => {
      const answer = JSON.parse(line) as ControlAnswer
      if (answer.ok) answered(answer.result)
      else reject(new CannotStart(answer.error))
      socket.end()
    })
    .once('close', () => reject(new CannotStart('The shop ended before it answered.')))
    .on('error', () => undefined)
  return promise
}

async function converse(socket: Socket, shop: Shop, onStop: () => void) {
  socket.on('error', () => socket.destroy())
  for await (const line of createInterface({ input: socket })) {
    if (line.length > MAX_REQUEST_CHARS) break
    const answer = await execute(line, shop, onStop)
    if (socket.writable) socket.write(`${JSON.stringify(answer)}\n`)
  }
  socket.destroy()
}

async function execute(line: string, shop: Shop, onStop: () => void): Promise<ControlAnswer> {
  try {
    const { command, args } = JSON.parse(line) as ControlRequest
    return { ok: true, result: (await perform(shop, command, args, onStop)) ?? null }
  } catch (error) {
    return { ok: false, error: (error as Error).message }
  }
}

async function perform(shop: Shop, command: string, [name = '', signal]: string[], onStop: () => void) {
  switch (command) {
    case 'ps':
      return { urls: shop.urls, servers: shop.servers(), instances: shop.instances() }
    case 'add':
      if (!isService(name))
        throw new CannotStart(`There is no service ${name}. There are ${SERVICES.join(', ')}.`)
      return shop.add(name)
    case 'remove':
      return shop.remove(name)
    case 'restart':
      return isServer(name) ? shop.restartServer(name) : shop.restart(name)
    case 'kill':
      return isServer(name) ? shop.killServer(name, readSignal(signal)) : shop.kill(name, readSignal(signal))
    case 'pause':
      return isServer(name) ? shop.pauseServer(name) : shop.pause(name)
    case 'resume':
      return isServer(name) ? shop.resumeServer(name) : shop.resume(name)
    case 'stop':
      return onStop()
    default:
      throw new CannotStart(`There is no command ${command}.`)
  }
}

function isServer(name: string): name is ServerName {
  return (SERVER_NAMES as readonly string[]).includes(name)
}

function readSignal(name = 'SIGKILL'): NodeJS.Signals {
  const found = SIGNALS.find((signal) => signal === name || signal === `SIG${name}`)
  if (found) return found
  throw new CannotStart(`There is no signal ${name} to send. There are ${SIGNALS.join(', ')}.`)
}
