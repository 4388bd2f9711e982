import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { clusterIn, cut, kill } from '@lepton/cluster/cluster'
import { stateDir } from '@lepton/cluster/config'
import { isCreated } from '@lepton/cluster/machines'
import {
  bringServersUp,
  environmentOf,
  healServers,
  serversOf,
  takeServersDown,
} from '@lepton/cluster/servers/servers'
import { lookAt, untilWhole } from '@lepton/cluster/servers/strength'
import { CannotStart } from '@lepton/local/cannot-start'
import { type GivenServers, readConfig } from '@lepton/local/config'

const WHOLE_TIMEOUT_MS = 120_000

/** Three machines with one of each server on every one, of which one at a time may be lost. */
export interface Machines {
  names: readonly string[]
  given: GivenServers
  postgresLogs: readonly string[]
  powerOff: (name: string) => Promise<void>
  pullCable: (name: string) => Promise<void>
  /** Power and cable; resolves when its servers have caught up, with what was missing last. */
  bringBack: (name: string) => Promise<string | undefined>
  /** What it is besides one of three. */
  rolesOf: (name: string) => Promise<string>
  stop: () => Promise<void>
}

/**
 * Starts servers in threes, with nothing stored in them.
 *
 * @throws CannotStart where machines are there already, which are someone's
 */
export async function startMachines({
  folder,
  note,
  signal,
}: {
  folder: string
  note: (line: string) => void
  signal: AbortSignal
}): Promise<Machines> {
  if (process.getuid?.() !== 0) throw new CannotStart('Machines are made of namespaces, which needs root.')
  const dir = stateDir()
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const cluster = clusterIn(dir)
  const { machines } = cluster
  if (machines.some(isCreated))
    throw new CannotStart(
      'There are machines already: `pnpm cluster down` ends them, with what is stored there.',
    )
  const stop = async () => {
    keepLogs(machines, folder)
    await takeServersDown(cluster)
  }
  try {
    const servers = await serversOf(cluster, note, signal)
    await bringServersUp(servers)
    const named = (name: string) => machines.find((machine) => machine.name === name)!
    return {
      names: machines.map(({ name }) => name),
      given: readConfig(environmentOf(servers)).given,
      postgresLogs: machines.map((machine) => join(machine.dir, 'patroni.log')),
      powerOff: (name) => kill(named(name)),
      pullCable: (name) => cut(named(name)),
      bringBack: async (name) => {
        await healServers(servers, named(name))
        return untilWhole(servers, WHOLE_TIMEOUT_MS)
      },
      rolesOf: async (name) => (await lookAt(servers)).roles[name]!.join(', ') || 'a follower in all',
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** They go with the machines. */
function keepLogs(machines: readonly { name: string; dir: string }[], folder: string): void {
  for (const { name, dir } of machines.filter((machine) => existsSync(machine.dir))) {
    const logs = readdirSync(dir).filter((file) => file.endsWith('.log'))
    for (const file of logs) cpSync(join(dir, file), join(folder, 'machines', name, file))
  }
}
