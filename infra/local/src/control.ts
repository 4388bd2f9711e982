import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { CannotStart } from './cannot-start.ts'
import { SERVER_NAMES, type ServerName } from './server.ts'
import { isService, SERVICES } from './services.ts'
import type { Shop } from './shop-types.ts'

/** The system's limit for the path of a socket is 104 bytes or a little more. */
const MAX_SOCKET_PATH_BYTES = 100
const MAX_REQUEST_CHARS = 10_000
const SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGABRT', 'SIGSEGV'] as const

export interface ControlRequest {
  command: string
  args: string[]
}
export type ControlAnswer = { ok: true; result: unknown } | { ok: false; error: string }

/** Where the control socket of a state directory is. */
export function socketPath(stateDir: string): string {
  const path = join(resolve(stateDir), 'control.sock')
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return path
  const name = createHash('sha256').update(resolve(stateDir)).digest('hex').slice(0, 16)
  // Not the folder of TMPDIR: the shell that asks may have another one than the launcher's.
  return join('/tmp', `lepton-${name}`, 'control.sock')
}

/** Lets this user, and nobody else, steer the shop: a line of JSON in, a line of JSON out. */
export async function serveControl(shop: Shop, onStop: () => void): Promise<() => void> {
  const path = socketPath(shop.stateDir)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  chmodSync(dirname(path), 0o700)
  rmSync(path, { force: true })
  const server = createServer((socket) => void converse(socket, shop, onStop))
  const listening = Promise.withResolvers<unknown>()
  server.once('error', listening.reject)
  server.listen(path, () => listening.resolve(undefined))
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
    const request = JSON.parse(line) as ControlRequest
    return { ok: true, result: (await perform(shop, request, onStop)) ?? null }
  } catch (error) {
    return { ok: false, error: (error as Error).message }
  }
}

type Command = (shop: Shop, name: string, signal?: string) => unknown

const COMMANDS: Record<string, Command> = {
  ps: (shop) => ({ urls: shop.urls, servers: shop.servers(), instances: shop.instances() }),
  add: (shop, name) => {
    if (isService(name)) return shop.add(name)
    throw new CannotStart(`There is no service ${name}. There are ${SERVICES.join(', ')}.`)
  },
  remove: (shop, name) => shop.remove(name),
  restart: (shop, name) => (isServer(name) ? shop.restartServer(name) : shop.restart(name)),
  wipe: (shop, name) => {
    if (name === 'kafka') return shop.wipeKafka()
    throw new CannotStart(`${name} holds data that nothing could restore: only kafka can be wiped.`)
  },
  kill: (shop, name, signal) => {
    if (isServer(name)) shop.killServer(name, readSignal(signal))
    else shop.kill(name, readSignal(signal))
  },
  pause: (shop, name) => {
    if (isServer(name)) shop.pauseServer(name)
    else shop.pause(name)
  },
  resume: (shop, name) => {
    if (isServer(name)) shop.resumeServer(name)
    else shop.resume(name)
  },
}

function perform(shop: Shop, { command, args }: ControlRequest, onStop: () => void): unknown {
  if (command === 'stop') {
    onStop()
    return undefined
  }
  const execute = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined
  if (!execute) throw new CannotStart(`There is no command ${command}.`)
  const [name = '', signal] = args
  return execute(shop, name, signal)
}

function isServer(name: string): name is ServerName {
  return (SERVER_NAMES as readonly string[]).includes(name)
}

function readSignal(name = 'SIGKILL'): NodeJS.Signals {
  const found = SIGNALS.find((signal) => signal === name || signal === `SIG${name}`)
  if (found) return found
  throw new CannotStart(`There is no signal ${name} to send. There are ${SIGNALS.join(', ')}.`)
}
