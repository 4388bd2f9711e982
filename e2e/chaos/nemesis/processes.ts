import type { ServerName } from '@lepton/local/server'
import type { ChaosShop } from '../chaos-shop.ts'
import { crashUnflushed } from './crash-unflushed.ts'
import type { Fault, FaultSource } from './fault.ts'

const SERVERS = ['postgres', 'kafka', 'consul'] as const

/** SIGKILL of an instance or the card processor; the launcher starts it again. */
export const killProcess: FaultSource = (shop, random) => {
  const there = runningInstances(shop)
  return there.length === 0 ? undefined : kill(shop, random.pick(there))
}

/** SIGSTOP of an instance or the card processor: it keeps its connections and answers nothing. */
export const pauseProcess: FaultSource = (shop, random) => {
  const there = runningInstances(shop)
  return there.length === 0 ? undefined : pause(shop, random.pick(there))
}

/** SIGKILL or SIGSTOP of PostgreSQL, Kafka or Consul. */
export const harmServer: FaultSource = (shop, random) => {
  const server = random.pick(SERVERS)
  if (server === 'postgres' && random.chance(0.3)) return crashUnflushed(shop, random)
  return random.chance(0.5) ? killServer(shop, server) : pauseServer(shop, server)
}

export function killServer(shop: ChaosShop, server: ServerName): Fault {
  return {
    title: `SIGKILL ${server}`,
    target: server,
    begin: () => {
      shop.killServer(server, 'SIGKILL')
      return undefined
    },
  }
}

export function pauseServer(shop: ChaosShop, server: ServerName): Fault {
  return {
    title: `SIGSTOP ${server}`,
    target: server,
    begin: () => {
      shop.pauseServer(server)
      return () => Promise.resolve(shop.resumeServer(server))
    },
  }
}

export function kill(shop: ChaosShop, instance: string): Fault {
  return {
    title: `SIGKILL ${instance}`,
    target: instance,
    begin: () => {
      shop.kill(instance, 'SIGKILL')
      return undefined
    },
  }
}

function pause(shop: ChaosShop, instance: string): Fault {
  return {
    title: `SIGSTOP ${instance}`,
    target: instance,
    begin: () => {
      shop.pause(instance)
      return () => Promise.resolve(shop.resume(instance))
    },
  }
}

function runningInstances(shop: ChaosShop): string[] {
  return shop
    .instances()
    .filter(({ status }) => status === 'ready')
    .map(({ instance }) => instance)
}
