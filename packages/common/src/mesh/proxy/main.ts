import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { connectMesh } from '../parts.ts'
import { listen } from '../serving.ts'
import { createProxy } from './proxy.ts'

const USAGE = `Passes requests for <service>.mesh on to instances of the service.

  --listen 127.0.0.1:15001   where programs of this machine reach it; port 0 takes a free one
  --name legacy              the service in whose name it calls
  --consul http://…:8500     Consul's HTTP address
  --token-file PATH          the ACL token for Consul
  --tls consul               calls services that speak TLS by it, with a certificate of Consul's own authority
  --state-dir PATH           where the last known instances are kept
  --deadline-ms 2000         for one request, its second tries included
`

/** A proxy that has no certificate by then starts without, and calls by TLS once it has one. */
const CERTIFICATE_MS = 5_000
/** In-flight requests have this long to end. */
const STOP_MS = 9_000

function settingsOrExit() {
  try {
    const { values } = parseArgs({
      options: {
        listen: { type: 'string', default: '127.0.0.1:15001' },
        name: { type: 'string' },
        consul: { type: 'string' },
        'token-file': { type: 'string' },
        tls: { type: 'string', default: 'off' },
        'state-dir': { type: 'string' },
        'deadline-ms': { type: 'string', default: '2000' },
      },
    })
    const listen = new URL(`tcp://${values.listen}`)
    const deadlineMs = Number(values['deadline-ms'])
    const { name, consul, tls } = values
    if (name === undefined || consul === undefined) throw new Error('--name and --consul are needed')
    if (!Number.isInteger(deadlineMs) || deadlineMs < 1) throw new Error('--deadline-ms takes a whole number')
    if (tls !== 'off' && tls !== 'consul') throw new Error('--tls takes off or consul')
    if (listen.port === '') throw new Error('--listen takes host:port')
    return {
      host: listen.hostname.replace(/^\[|\]$/g, ''),
      port: Number(listen.port),
      deadlineMs,
      mesh: {
        name,
        consul,
        ...(tls === 'consul' && { tls: 'consul' as const }),
        ...(values['token-file'] !== undefined && { tokenFile: values['token-file'] }),
        ...(values['state-dir'] !== undefined && { stateDir: values['state-dir'] }),
      },
    }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`)
    process.exit(2)
  }
}

const { host, port, deadlineMs, mesh: options } = settingsOrExit()
const mesh = connectMesh(options, { deadlineMs })
await mesh.security?.ready(CERTIFICATE_MS)
const server = createProxy({ mesh: mesh.client, log: mesh.log })
const taken = await listen(server, host, port)
process.stdout.write(`listening on ${host}:${taken}\n`)

async function stop(): Promise<void> {
  setTimeout(() => process.exit(1), STOP_MS).unref()
  const closed = once(server, 'close')
  server.close()
  await closed
  await mesh.close()
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop())
