import type { DatabaseOwner } from '@lepton/setup/services'
import type { ServerName } from '@lepton/local/server'
import type { ServiceName } from '@lepton/local/services'
import { clearUp, setWeather } from '../network/network.ts'
import type { FaultKind, FaultSource } from '../nemesis/fault.ts'
import { crashUnflushed } from '../nemesis/crash-unflushed.ts'
import { poisonKey, repeatEvents } from '../nemesis/messages.ts'
import * as processes from '../nemesis/processes.ts'
import { holdStatement } from '../nemesis/transactions.ts'
import type { Sources } from '../nemesis/nemesis.ts'

const always = (kind: FaultKind, source: FaultSource): Sources[number] => ({ kind, weight: 1, source })

export const killServer = (server: ServerName) =>
  always('servers', (shop) => processes.killServer(shop, server))

export const pauseServer = (server: ServerName) =>
  always('servers', (shop) => processes.pauseServer(shop, server))

export const crashBeforeFlush = always('servers', crashUnflushed)

/** Any instance of these services. */
export const killAny = (...services: ServiceName[]) =>
  always('kill', (shop, random) => {
    const there = shop
      .instances()
      .filter(({ service, status }) => services.includes(service) && status === 'ready')
    if (there.length === 0) return undefined
    return processes.kill(shop, random.pick(there).instance)
  })

/** Every instance of a service at once. */
export const pauseAll = (service: ServiceName) =>
  always('pause', (shop) => {
    const names = shop.instances().flatMap((one) => (one.service === service ? [one.instance] : []))
    return {
      title: `SIGSTOP every ${service}`,
      target: service,
      begin: () => {
        for (const name of names) shop.pause(name)
        return () => {
          for (const name of names) shop.resume(name)
          return Promise.resolve()
        }
      },
    }
  })

/** Requests between services wait on their way, and come after all. */
export const delayRequests = (...services: ServiceName[]) =>
  always('network', (shop) => {
    const to = new Set(
      shop.instances().flatMap(({ service, instance }) => (services.includes(service) ? [instance] : [])),
    )
    const links = shop.network.links().filter((link) => link.from === 'mesh' && to.has(link.to))
    return {
      title: `silence on all ways to ${services.join(' and ')}`,
      target: 'requests',
      begin: () => {
        setWeather(links, { kind: 'hold', direction: 'both' })
        return () => Promise.resolve(clearUp(links))
      },
    }
  })

/** Requests of a moment come so late that their answer is no use, and after what was asked later. */
export const overtakeRequests = (service: ServiceName, delayMs: number) =>
  always('network', (shop) => {
    const to = new Set(shop.instances().flatMap((one) => (one.service === service ? [one.instance] : [])))
    const links = shop.network.links().filter((link) => link.from === 'mesh' && to.has(link.to))
    return {
      title: `${delayMs} ms delay on all ways to ${service}`,
      target: 'requests',
      begin: () => {
        setWeather(links, { kind: 'delay', delayMs })
        return () => Promise.resolve(clearUp(links))
      },
    }
  })

export const lockTable = (owner: DatabaseOwner, statement: string) =>
  always('transactions', (shop) => holdStatement(shop, owner, statement))

export const sendAgain = always('messages', (shop, random) => repeatEvents(shop, random, 'recent'))

export const sendPoison = always('messages', (shop, random) => poisonKey(shop, random))
