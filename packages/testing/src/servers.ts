import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '@lepton/local/config'
import { createPortChooser } from '@lepton/local/ports'
import type { Server, ServerDeps } from '@lepton/local/server'
import { openState } from '@lepton/local/state'
import { SupervisedProcess } from '@lepton/local/supervised-process'

const READY_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 5_000

export interface TestServer {
  /** A URL, or host:port for Kafka. */
  address: string
  process: SupervisedProcess
  /** Ends it and removes everything it wrote. */
  stop(): Promise<void>
}

/** Servers of the whole run, for the teardown that Jest loads apart from the set-up. */
const shared = globalThis as { leptonTestServers?: TestServer[] }
export const startedServers = (shared.leptonTestServers ??= [])

/**
 * Starts a server as the launcher would, in a directory and on ports of its own, whatever servers the
 * environment names. It ends with this process, however that ends.
 */
export async function startTestServer(
  prepare: (deps: ServerDeps) => Promise<Server>,
  extraArgs: readonly string[] = [],
): Promise<TestServer> {
  const { deps, release } = await createServerDeps()
  const { address, spec } = await prepare(deps)
  if (spec === undefined) throw new Error(`a server of our own was wanted, not ${address}`)
  const process = new SupervisedProcess(
    { ...spec, command: [...spec.command, ...extraArgs] },
    {
      backoff: { baseMs: 50, maxMs: 1_000, resetAfterMs: 20_000 },
      readyPollMs: 20,
      readyTimeoutMs: READY_TIMEOUT_MS,
      maxEarlyExits: 3,
    },
    () => undefined,
  )
  await process.start()
  return {
    address,
    process,
    stop: async () => {
      await process.stop(STOP_TIMEOUT_MS)
      release()
    },
  }
}

/** What the launcher's own code needs to find and start servers, in a directory that `release` removes. */
export async function createServerDeps(): Promise<{ deps: ServerDeps; release: () => void }> {
  const dir = await mkdtemp(join(tmpdir(), 'lepton-test-'))
  const state = await openState(dir)
  const deps: ServerDeps = {
    config: { ...readConfig(), given: {} },
    state,
    ports: createPortChooser(),
    useDefaultPorts: false,
    logFile: (name) => join(state.folder('logs'), `${name}.log`),
    note: () => undefined,
    signal: new AbortController().signal,
  }
  return {
    deps,
    release: () => {
      state.release()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
