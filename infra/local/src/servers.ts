import { rmSync } from 'node:fs'
import { CannotStart } from './cannot-start.ts'
import { prepareConsul } from './consul.ts'
import { prepareKafka } from './kafka.ts'
import { preparePostgres } from './postgres.ts'
import { SERVER_NAMES, type Server, type ServerDeps, type ServerName } from './server.ts'
import type { ServerInfo } from './shop-types.ts'
import type { ProcessSpec } from './process-spec.ts'
import type { SupervisedProcess } from './supervised-process.ts'

const PREPARE = { postgres: preparePostgres, kafka: prepareKafka, consul: prepareConsul }

export type Servers = ReturnType<typeof createServers>

/** The three servers below the shop, each started or given. */
export function createServers(deps: ServerDeps, supervise: (spec: ProcessSpec) => SupervisedProcess) {
  const running = new Map<ServerName, { server: Server; process: SupervisedProcess | undefined }>()

  /** Finds, fetches and starts a server; resolves when it answers. */
  async function start(name: ServerName): Promise<Server> {
    const server = await PREPARE[name](deps)
    deps.signal.throwIfAborted()
    const process = server.spec === undefined ? undefined : supervise(server.spec)
    running.set(name, { server, process })
    await process?.start()
    return server
  }

  async function stop(timeoutMs: number): Promise<void> {
    await Promise.all(
      [...running.values()].map(async ({ server, process }) => {
        const inOrder = await process?.stop(timeoutMs)
        if (inOrder !== undefined) server.onStopped?.(inOrder)
      }),
    )
  }

  /**
   * Stops a server, deletes what it keeps, and starts it with nothing.
   *
   * @throws CannotStart when what it keeps could not be restored
   */
  async function wipe(name: ServerName): Promise<void> {
    const old = process(name)
    const folder = running.get(name)!.server.wipeable
    if (folder === undefined) throw new Error(`${name} holds data that nothing could restore`)
    // What would be written in order is deleted next.
    await old.stop(0)
    rmSync(folder, { recursive: true, force: true })
    await start(name)
  }

  function list(): ServerInfo[] {
    return SERVER_NAMES.flatMap((name) => {
      const found = running.get(name)
      if (!found) return []
      const { server, process } = found
      return {
        name,
        title: server.title,
        address: server.address,
        status: process?.status ?? 'given',
        pid: process?.pid,
        restarts: process?.restarts ?? 0,
      }
    })
  }

  function process(name: ServerName): SupervisedProcess {
    const found = running.get(name)?.process
    if (found) return found
    throw new CannotStart(`${name} was given, not started here: it is left alone.`)
  }

  return { start, stop, wipe, list, process }
}
