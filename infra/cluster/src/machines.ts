import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runOrThrow } from '@lepton/local/command'
import { descendants, signalIfThere } from '@lepton/local/process-info'
import { startDetached } from './detached.ts'

const BRIDGE = 'lepton0'
const FILTER = 'net.bridge.bridge-nf-call-iptables'
const NETWORK = '10.77.0'
export const SUBNET = `${NETWORK}.0/24`
export const HOST_ADDRESS = `${NETWORK}.1`
const COMMAND_TIMEOUT_MS = 20_000

/** A machine made of namespaces: an address on a bridge, mounts and a hostname of its own; the file system is the host's. */
export interface Machine {
  /** `m1` … `m3`. */
  name: string
  number: number
  address: string
  dir: string
}

export function machineOf(number: number, root: string): Machine {
  const name = `m${number}`
  return { name, number, address: `${NETWORK}.${10 + number}`, dir: join(root, name) }
}

/** Runs a program of the host, as `ip` and `mount`; gives what it wrote. */
export function host(...command: string[]): Promise<string> {
  return runOrThrow(command, { timeoutMs: COMMAND_TIMEOUT_MS })
}

/** Makes what is missing of the bridge and of a machine on it, one of `all`, also after an attempt that failed half-way. */
export async function createMachine(machine: Machine, all: readonly Machine[]): Promise<void> {
  const { name, address, dir } = machine
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  if (!(await exists('link', 'show', BRIDGE))) await host('ip', 'link', 'add', BRIDGE, 'type', 'bridge')
  await host('ip', 'addr', 'replace', `${HOST_ADDRESS}/24`, 'dev', BRIDGE)
  await host('ip', 'link', 'set', BRIDGE, 'up')
  await createMounts(machine, all)
  if (!isCreated(machine)) await host('ip', 'netns', 'add', name)
  const cable = cableOf(machine)
  if (!(await exists('link', 'show', cable)))
    await host('ip', 'link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
  await host('ip', 'link', 'set', cable, 'master', BRIDGE)
  await host('ip', '-n', name, 'addr', 'replace', `${address}/24`, 'dev', 'eth0')
  for (const link of ['eth0', 'lo']) await host('ip', '-n', name, 'link', 'set', link, 'up')
  await plugCable(machine)
}

/**
 * One mount namespace for all processes of a machine: containerd must see what kubelet mounts. What is mounted there is
 * not seen by the host, and goes with the namespace.
 */
async function createMounts(machine: Machine, all: readonly Machine[]): Promise<void> {
  const folder = namespacesOf(machine)
  const made = join(folder, 'made')
  if (existsSync(made)) return
  await removeMounts(machine)
  mkdirSync(folder)
  await host('mount', '--bind', folder, folder)
  await host('mount', '--make-private', folder)
  for (const file of ['mnt', 'uts']) writeFileSync(join(folder, file), '')
  const own = [`--mount=${join(folder, 'mnt')}`, `--uts=${join(folder, 'uts')}`, '--propagation', 'slave']
  const hosts = join(folder, 'hosts')
  writeFileSync(hosts, hostsOf(all))
  // Names of pods' networks are this machine's own. The folder is made by the first `ip netns add`, which comes later.
  mkdirSync('/run/netns', { recursive: true })
  const mounts = 'hostname "$0" && mount -t tmpfs none /run/netns && mount --bind "$1" /etc/hosts'
  await host('unshare', ...own, 'sh', '-c', mounts, machine.name, hosts)
  writeFileSync(made, '')
}

/** The host's name server cannot be reached. A program that looks up a name, as Patroni does its own, would wait ten seconds. */
function hostsOf(machines: readonly Machine[]): string {
  return ['127.0.0.1 localhost', ...machines.map(({ name, address }) => `${address} ${name}`), ''].join('\n')
}

export async function removeMachine(machine: Machine): Promise<void> {
  await killMachine(machine)
  // The cable would go with its namespace, but later.
  await removing('ip', 'link', 'del', cableOf(machine))
  await removing('ip', 'netns', 'del', machine.name)
  await removeMounts(machine)
}

async function removeMounts(machine: Machine): Promise<void> {
  const folder = namespacesOf(machine)
  for (const at of [join(folder, 'mnt'), join(folder, 'uts'), folder]) {
    await removing('umount', at)
  }
  rmSync(folder, { recursive: true, force: true })
}

const namespacesOf = ({ dir }: Machine): string => join(dir, 'namespaces')

/** Where Docker runs, frames of the bridge go through its firewall, which knows nothing of it. */
export async function openBridge(dir: string): Promise<void> {
  const file = join(dir, 'bridge-filter')
  // Without the module of that filter there is no such value.
  const value = await host('sysctl', '-n', FILTER).catch(() => undefined)
  if (value === undefined || existsSync(file)) return
  writeFileSync(file, value)
  await host('sysctl', '-qw', `${FILTER}=0`)
}

export async function removeBridge(dir: string): Promise<void> {
  await removing('ip', 'link', 'del', BRIDGE)
  await closeBridge(dir)
}

async function closeBridge(dir: string): Promise<void> {
  const file = join(dir, 'bridge-filter')
  if (!existsSync(file)) return
  await host('sysctl', '-qw', `${FILTER}=${readFileSync(file, 'utf8').trim()}`)
  rmSync(file)
}

/** What is not there need not be removed. */
async function removing(...command: string[]): Promise<void> {
  await host(...command).catch(() => undefined)
}

export const isCreated = ({ name }: Machine): boolean => existsSync(`/run/netns/${name}`)

function cableOf({ name }: Machine): string {
  return `lepton-${name}`
}

async function exists(...what: string[]): Promise<boolean> {
  return host('ip', ...what).then(
    () => true,
    () => false,
  )
}

/** The machine stays on, and reaches nothing. */
export async function pullCable(machine: Machine): Promise<void> {
  await host('ip', 'link', 'set', cableOf(machine), 'down')
}

export async function plugCable(machine: Machine): Promise<void> {
  await host('ip', 'link', 'set', cableOf(machine), 'up')
  await host('ip', '-n', machine.name, 'route', 'replace', 'default', 'via', HOST_ADDRESS)
}

export async function isPlugged(machine: Machine): Promise<boolean> {
  return (await host('ip', '-o', 'link', 'show', cableOf(machine))).includes(',UP')
}

/** The command, to be run in a machine. Not `ip netns exec`: its /sys would lack the cgroups. */
export function inside(machine: Machine, command: readonly string[]): string[] {
  const namespaces = namespacesOf(machine)
  return [
    'nsenter',
    `--net=/run/netns/${machine.name}`,
    `--mount=${join(namespaces, 'mnt')}`,
    `--uts=${join(namespaces, 'uts')}`,
    '--wd=/',
    ...command,
  ]
}

/** Starts a program of a machine, unless it runs. */
export function startProgram(
  machine: Machine,
  program: string,
  command: readonly string[],
  env?: Record<string, string>,
): void {
  startDetached(machine.dir, program, inside(machine, command), env)
}

/** Its power is gone: every process of it ends at once, those of its containers included, which are in networks of their own. */
export async function killMachine(machine: Machine): Promise<void> {
  for (;;) {
    const own = (await host('ip', 'netns', 'pids', machine.name).catch(() => ''))
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [Number(line)]))
    const all = new Set(own.flatMap((pid) => [pid, ...descendants(pid)]))
    if (all.size === 0) return
    for (const pid of all) signalIfThere(pid, 'SIGKILL')
  }
}
