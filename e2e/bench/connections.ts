import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Shop } from '@lepton/local/shop-types'
import { processesOf } from './processes.ts'

const ESTABLISHED = '01'

/** Connections that the shop's instances hold, by what is at their other end. */
export function connectionsOf(shop: Shop): Map<string, number> {
  const names = new Map<number, string>(shop.servers().map(({ name, address }) => [portIn(address), name]))
  const instances = new Set(shop.instances().map(({ instance }) => instance))
  const inodes = new Set(
    processesOf(shop)
      .filter(({ name }) => instances.has(name))
      .flatMap(({ pids }) => pids.flatMap(socketsOf)),
  )
  const counts = new Map<string, number>()
  for (const { remotePort, localPort, inode } of established()) {
    // An accepted connection has its listener's port; the one who asked counts it.
    if (!inodes.has(inode) || isListening(localPort)) continue
    const name = names.get(remotePort) ?? 'other services'
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

const portIn = (address: string) => Number(/:(\d+)(?:\/|$)/.exec(address.replace(/^\w+:\/\//, ''))?.[1])

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`)) ?? []
      return inode ?? []
    })
  } catch {
    return []
  }
}

// A descriptor may be closed between the listing and the look.
function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

const rows = () =>
  ['tcp', 'tcp6'].flatMap((file) =>
    readFileSync(`/proc/net/${file}`, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/)),
  )
const portOf = (address: string) => Number.parseInt(address.split(':')[1]!, 16)

function established() {
  return rows()
    .filter(([, , , state]) => state === ESTABLISHED)
    .map(([, local, remote, , , , , , , inode]) => ({
      localPort: portOf(local!),
      remotePort: portOf(remote!),
      inode: inode!,
    }))
}

const listening = new Set<number>()

function isListening(port: number): boolean {
  if (listening.size === 0)
    for (const [, local, , state] of rows()) if (state === '0A') listening.add(portOf(local!))
  return listening.has(port)
}
