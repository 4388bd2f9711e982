import { parseArgs } from 'node:util'
import type { MeshOptions } from '../parts.ts'

const USAGE = `Passes requests for <service>.mesh on to instances of the service.

  --listen 127.0.0.1:15001   where programs of this machine reach it; port 0 takes a free one
  --name legacy              the service in whose name it calls
  --consul http://…:8500     Consul's HTTP address
  --dns 127.0.0.1:8600       Consul's DNS port: instances are found by it, and without it over HTTP
  --token-file PATH          the ACL token for Consul
  --tls consul               calls services that speak TLS by it, with a certificate of Consul's own authority
  --state-dir PATH           where the last known instances are kept
  --deadline-ms 2000         for one request, its second tries included

With --tls it can also be the TLS of the program that is the service itself:

  --inbound 10.0.0.7:15002   where other services reach it, and what Consul names; port 0 takes a free one
  --to http://127.0.0.1:8000 the program's own port on this machine
  --instance legacy-1        the name of this instance
  --check /health            answers 2xx while the program is well; without it, a connection that is accepted is enough
`

export interface ProxyOptions {
  listen: { host: string; port: number }
  deadlineMs: number
  mesh: MeshOptions
  inbound: { host: string; port: number; to: string; instance: string; checkPath: string | false } | undefined
}

/** Reads the command line, or ends the process with what is wrong with it. */
export function optionsOrExit(args: string[]): ProxyOptions {
  try {
    return optionsOf(args)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`)
    process.exit(2)
  }
}

function optionsOf(args: string[]): ProxyOptions {
  const { values } = parseArgs({
    args,
    options: {
      listen: { type: 'string', default: '127.0.0.1:15001' },
      name: { type: 'string' },
      consul: { type: 'string' },
      dns: { type: 'string' },
      'token-file': { type: 'string' },
      tls: { type: 'string', default: 'off' },
      'state-dir': { type: 'string' },
      'deadline-ms': { type: 'string', default: '2000' },
      inbound: { type: 'string' },
      to: { type: 'string' },
      instance: { type: 'string' },
      check: { type: 'string' },
    },
  })
  const deadlineMs = Number(values['deadline-ms'])
  const { name, consul, dns, tls, inbound, to } = values
  if (name === undefined || consul === undefined) throw new Error('--name and --consul are needed')
  if (!Number.isInteger(deadlineMs) || deadlineMs < 1) throw new Error('--deadline-ms takes a whole number')
  if (tls !== 'off' && tls !== 'consul') throw new Error('--tls takes off or consul')
  if (inbound !== undefined && (tls === 'off' || to === undefined))
    throw new Error('--inbound needs --tls consul and --to')
  const { instance = `${name}-1`, check } = values
  return {
    listen: placeOf('--listen', values.listen),
    deadlineMs,
    mesh: {
      name,
      consul,
      ...(dns !== undefined && { dns }),
      ...(tls === 'consul' && { tls: 'consul' as const }),
      ...(values['token-file'] !== undefined && { tokenFile: values['token-file'] }),
      ...(values['state-dir'] !== undefined && { stateDir: values['state-dir'] }),
    },
    inbound:
      inbound === undefined
        ? undefined
        : { ...placeOf('--inbound', inbound), to: new URL(to!).origin, instance, checkPath: check ?? false },
  }
}

function placeOf(option: string, text: string): { host: string; port: number } {
  const url = new URL(`tcp://${text}`)
  if (url.port === '') throw new Error(`${option} takes host:port`)
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) }
}
