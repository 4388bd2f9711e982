import { rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import { startOpsListener } from '@lepton/common/http/ops-listener'
import { closeServer } from '@lepton/common/http/server'
import { createSnapshots } from '@lepton/common/http/take-snapshot'
import type { KnownInstance } from '@lepton/common/mesh/membership'
import { createMetrics } from '@lepton/common/runtime/metrics'
import type { RunningShop } from '@lepton/contracts/control'
import type { TestIdentity } from '@lepton/testing/identity'

/** An instance as far as others see it: its entry in the registry, and the listener that answers for it. */
export async function startInstance(service: string, name: string, identity: TestIdentity) {
  const metrics = createMetrics()
  const take = createSnapshots({ service, instance: name, metrics })
  const { server, port } = await startOpsListener({
    host: '127.0.0.1',
    port: 0,
    metrics,
    isReady: () => true,
    snapshots: { take, verify: (token) => identity.verify(token, service) },
  })
  const known: KnownInstance = {
    id: `${name}-${port}`,
    name,
    address: '127.0.0.1',
    port: 1,
    tags: [],
    meta: { ops_address: '127.0.0.1', ops_port: String(port) },
    isWarning: false,
    weight: 1,
    tier: 'verified',
  }
  return {
    known,
    kill: async () => {
      server.closeAllConnections()
      await closeServer(server)
    },
  }
}

/** The launcher's side of the socket: what it runs is up to the test, and so is what a command does. */
export async function serveLauncher(path: string, running: RunningShop) {
  const asked: string[][] = []
  let onAct: (command: string, args: string[]) => unknown = () => undefined
  const server: Server = createServer((socket) => {
    createInterface({ input: socket }).on('line', (line) => {
      const { command, args } = JSON.parse(line) as { command: string; args: string[] }
      if (command !== 'ps') asked.push([command, ...args])
      try {
        const result = command === 'ps' ? running : (onAct(command, args) ?? null)
        socket.write(`${JSON.stringify({ ok: true, result })}\n`)
      } catch (error) {
        socket.write(`${JSON.stringify({ ok: false, error: (error as Error).message })}\n`)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return {
    asked,
    act: (does: typeof onAct) => {
      onAct = does
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        rmSync(path, { force: true })
      }),
  }
}
