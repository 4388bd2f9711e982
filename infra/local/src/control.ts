import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { LogRequest, MAX_PAUSE_S, OPS_ACTIONS, type RunningShop } from '@lepton/contracts/control'
import { ExperimentRequest } from '@lepton/contracts/experiments'
import { CannotStart } from './cannot-start.ts'
import { createExperiments, type Experiments } from './experiments.ts'
import { showLogs } from './logs.ts'
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

/** Where the ops service of the shop asks: it may do less there than this user. */
export function opsSocketPath(stateDir: string): string {
  return socketPath(stateDir).replace(/control\.sock$/, 'ops.sock')
}

/** Lets this user alone steer the shop: a line of JSON in, a line of JSON out. */
export async function serveControl(
  shop: Shop,
  onStop: () => void,
  experiments = createExperiments(),
): Promise<() => void> {
  const path = socketPath(shop.stateDir)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  chmodSync(dirname(path), 0o700)
  const all = (request: ControlRequest) => perform(shop, request, onStop)
  const closers = [
    await listen(path, all),
    await listen(opsSocketPath(shop.stateDir), (request) => performForOps(shop, experiments, request)),
  ]
  return () => {
    closers.forEach((close) => close())
    experiments.close()
  }
}

async function listen(path: string, perform: Perform): Promise<() => void> {
  rmSync(path, { force: true })
  const server = createServer((socket) => void converse(socket, perform))
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

async function converse(socket: Socket, perform: Perform) {
  socket.on('error', () => undefined)
  try {
    for await (const line of createInterface({ input: socket })) {
      if (line.length > MAX_REQUEST_CHARS) break
      const answer = await execute(line, perform)
      if (socket.writable) socket.write(`${JSON.stringify(answer)}\n`)
    }
  } catch {
    // The asker is gone, in the middle of a line or of an answer. What it asked for is done.
  } finally {
    socket.destroy()
  }
}

async function execute(line: string, perform: Perform): Promise<ControlAnswer> {
  try {
    const request = JSON.parse(line) as ControlRequest
    return { ok: true, result: (await perform(request)) ?? null }
  } catch (error) {
    return { ok: false, error: (error as Error).message }
  }
}

type Perform = (request: ControlRequest) => unknown
type Command = (shop: Shop, name: string, signal?: string) => unknown

const COMMANDS: Record<string, Command> = {
  ps: (shop) => ({ urls: shop.urls, servers: shop.servers(), instances: shop.instances() }),
  add: (shop, name) => {
    if (isService(name)) return shop.add(name)
    throw new CannotStart(`There is no service ${name}. There are ${SERVICES.join(', ')}.`)
  },
  remove: (shop, name) => shop.remove(name),
  rotate: (shop, kind, owner) => shop.rotate(owner === undefined ? [kind] : [kind, owner]),
  restart: (shop, name) => (isServer(name) ? shop.restartServer(name) : shop.restart(name)),
  wipe: (shop, name) => {
    if (name === 'kafka') return shop.wipeKafka()
    if (name === 'consul') return shop.wipeConsul()
    throw new CannotStart(
      `${name} holds data that nothing could restore: only kafka and consul can be wiped.`,
    )
  },
  kill: (shop, name, signal) => {
    if (isServer(name)) shop.killServer(name, readSignal(signal))
    else shop.kill(name, readSignal(signal))
  },
  pause: (shop, name, seconds) => {
    const endsAfterS = seconds === undefined ? undefined : readSeconds(seconds)
    if (isServer(name)) shop.pauseServer(name)
    else shop.pause(name)
    forget(shop, name)
    // Kept here: the ops service that asked for the pause may be gone when it is to end.
    if (endsAfterS !== undefined) remember(shop, name, endsAfterS)
  },
  resume,
}

interface End {
  timer: NodeJS.Timeout
  at: string
}

const ends = new WeakMap<Shop, Map<string, End>>()

function remember(shop: Shop, name: string, endsAfterS: number): void {
  const timer = setTimeout(resume, endsAfterS * 1_000, shop, name).unref()
  const at = new Date(Date.now() + endsAfterS * 1_000).toISOString()
  ends.set(shop, (ends.get(shop) ?? new Map<string, End>()).set(name, { timer, at }))
}

function forget(shop: Shop, name: string): void {
  clearTimeout(ends.get(shop)?.get(name)?.timer)
  ends.get(shop)?.delete(name)
}

function resume(shop: Shop, name: string): void {
  forget(shop, name)
  if (isServer(name)) shop.resumeServer(name)
  else if (shop.instances().some(({ instance }) => instance === name)) shop.resume(name)
}

/** What the ops service may do for an operator: no pause without an end, no stop, and no address with a password. */
function performForOps(shop: Shop, experiments: Experiments, { command, args }: ControlRequest): unknown {
  const [argument = ''] = args
  if (command === 'ps') return describeForOps(shop)
  if (command === 'logs') return readLogs(shop, args)
  if (command === 'experiments') return experiments.list()
  if (command === 'experiment') return experiments.start(ExperimentRequest.parse(JSON.parse(argument)))
  if (command === 'end-experiment') return experiments.stop(argument)
  if (command === 'recording') return experiments.recording(argument)
  const isBounded = command !== 'pause' || args.length === 2
  if (!isBounded || !OPS_COMMANDS.includes(command))
    throw new CannotStart(`The ops service may not ${command}.`)
  return perform(shop, { command, args }, () => undefined)
}

/** The latest lines of its processes, those of servers excepted: what they write may hold what customers wrote. */
async function readLogs({ stateDir }: Shop, [request = '']: string[]): Promise<string[]> {
  const { name, level, order_id: orderId, lines } = LogRequest.parse(JSON.parse(request))
  const found: string[] = []
  if (name !== undefined && isServer(name)) return found
  const names = name === undefined ? [] : [name]
  const query = { names, level, orderId, lines, isRaw: true, isFollowing: false }
  await showLogs(join(stateDir, 'logs'), query, (line) => found.push(line))
  return found
}

const OPS_COMMANDS: readonly string[] = OPS_ACTIONS

function describeForOps(shop: Shop): RunningShop {
  const seen = (
    name: string,
    { status, pid, restarts }: { status: string; pid?: number | undefined; restarts: number },
  ) => ({
    status,
    pid: pid ?? null,
    restarts,
    resumes_at: status === 'paused' ? (ends.get(shop)?.get(name)?.at ?? null) : null,
  })
  return {
    instances: shop.instances().map((one) => ({
      instance: one.instance,
      service: one.service,
      ...seen(one.instance, one),
    })),
    servers: shop.servers().map((one) => ({ name: one.name, title: one.title, ...seen(one.name, one) })),
  }
}

function readSeconds(text: string): number {
  const seconds = Number(text)
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_PAUSE_S) return seconds
  throw new CannotStart(`A pause lasts 1 to ${MAX_PAUSE_S} seconds, not ${text}.`)
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
