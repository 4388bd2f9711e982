import { once } from 'node:events'
import type { Server } from 'node:net'
import { connectMesh } from '../parts.ts'
import { registerInstance } from '../registry.ts'
import { listen } from '../serving.ts'
import { createInboundProxy } from './inbound.ts'
import { optionsOrExit, type ProxyOptions } from './options.ts'
import { createProxy } from './proxy.ts'

/** A proxy that has no certificate by then starts without, and calls by TLS once it has one. */
const CERTIFICATE_MS = 5_000
/** Callers have this long to learn that the program is gone; requests in flight have the rest to end. */
const DRAIN_MS = 3_000
const STOP_MS = 9_000

const { listen: place, deadlineMs, mesh: options, inbound } = optionsOrExit(process.argv.slice(2))
const mesh = connectMesh(options, { deadlineMs })
await mesh.security?.ready(CERTIFICATE_MS)
const entrance = inbound && (await startInbound(inbound))
const server = createProxy({ mesh: mesh.client, log: mesh.log })
const taken = await listen(server, place.host, place.port)
process.stdout.write(`listening on ${place.host}:${taken}\n`)

/** Where other services reach the program, as long as this process runs. */
async function startInbound({ host, port, to, instance, checkPath }: NonNullable<ProxyOptions['inbound']>) {
  const { security, consul, log } = mesh
  if (security === undefined) throw new Error('there is no certificate to let others in by')
  const { name } = options
  const proxy = createInboundProxy({ security, to, name, deadlineMs, log })
  const at = await listen(proxy.server, host, port)
  const { hostname, port: programPort } = new URL(to)
  const registration = await registerInstance({
    consul,
    log,
    service: name,
    instance,
    address: host,
    port: at,
    checkPath,
    check: { address: hostname, port: Number(programPort || 80) },
    meta: security.meta,
  })
  return {
    async leave() {
      await registration.deregister()
      await new Promise((resolve) => setTimeout(resolve, DRAIN_MS))
    },
    async close() {
      await ended(proxy.server)
      await proxy.close()
    },
  }
}

async function ended(listening: Server): Promise<void> {
  const closed = once(listening, 'close')
  listening.close()
  await closed
}

async function stop(): Promise<void> {
  setTimeout(() => process.exit(1), STOP_MS).unref()
  await entrance?.leave()
  await Promise.all([ended(server), entrance?.close()])
  await mesh.close()
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop())
