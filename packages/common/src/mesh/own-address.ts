import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { hostname } from 'node:os'
import { ConfigError } from '../runtime/config.ts'

const EVERY_INTERFACE = ['0.0.0.0', '::']
const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/

export function isEveryInterface(host: string): boolean {
  return EVERY_INTERFACE.includes(host)
}

/**
 * What other processes reach this one by, without ADVERTISE_HOST: HOST, or the address of the interface towards Consul where
 * HOST is every interface. A name would have to be known on every machine, as a pod's is not.
 *
 * @throws ConfigError where that is loopback, and Consul, which checks it, is on another machine
 */
export async function ownAddress(host: string, consulAddress: string): Promise<string> {
  const consul = await resolve(new URL(consulAddress).hostname)
  if (isEveryInterface(host)) return (consul && (await addressTowards(consul))) ?? hostname()
  if (isLoopback(host) && consul !== undefined && !LOOPBACK.test(consul.address)) {
    throw new ConfigError(
      `HOST is ${host}, which other machines cannot reach, and Consul is at ${consul.address}: set HOST=0.0.0.0, or ADVERTISE_HOST.`,
    )
  }
  return host
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || LOOPBACK.test(host)
}

interface Resolved {
  address: string
  family: number
}

async function resolve(name: string): Promise<Resolved | undefined> {
  return lookup(name.replace(/^\[|\]$/g, '')).catch(() => undefined)
}

/** A datagram socket that is connected has an address, and nothing was sent. Undefined on loopback, or without a route. */
async function addressTowards({ address, family }: Resolved): Promise<string | undefined> {
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
  try {
    await new Promise<void>((connected, failed) => {
      socket.once('error', failed).connect(9, address, connected)
    })
    const own = socket.address().address
    return LOOPBACK.test(own) ? undefined : own
  } catch {
    return undefined
  } finally {
    socket.close()
  }
}
