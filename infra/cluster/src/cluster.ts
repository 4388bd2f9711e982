import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runOrThrow } from '@lepton/local/command'
import type { Binaries } from './binaries.ts'
import { createCredentials, kubeconfigOf } from './certificates.ts'
import { API_PORT, startControlPlane } from './control-plane.ts'
import { isRunning } from './detached.ts'
import { loadOwn } from './images.ts'
import {
  createMachine,
  host,
  isCreated,
  isPlugged,
  killMachine,
  type Machine,
  machineOf,
  openBridge,
  plugCable,
  pullCable,
  removeBridge,
  removeMachine,
} from './machines.ts'
import { startNode } from './node.ts'
import { SERVICES } from './node-files.ts'
import { until } from './until.ts'
import { createVolumes } from './volumes.ts'
import { weighPods } from './weight.ts'

const NODES = 3
const START_MS = 60_000
const KUBECTL_TIMEOUT_MS = 300_000
const COREDNS = fileURLToPath(new URL('../coredns.yaml', import.meta.url))
const PROGRAMS = [
  'etcd',
  'apiserver',
  'controller-manager',
  'scheduler',
  'containerd',
  'kubelet',
  'kube-proxy',
  'consul',
  'kafka',
  'patroni',
]

export interface Cluster {
  dir: string
  machines: readonly Machine[]
  /** Has the control plane and all volumes. */
  first: Machine
  kubeconfig: string
}

export function clusterIn(dir: string): Cluster {
  const machines = Array.from({ length: NODES }, (_, index) => machineOf(index + 1, dir))
  return { dir, machines, first: machines[0]!, kubeconfig: kubeconfigOf(join(dir, 'credentials'), 'admin') }
}

export function isKubernetesOn({ dir }: Pick<Cluster, 'dir'>): boolean {
  return existsSync(join(dir, 'credentials'))
}

export interface Tools {
  binaries: Binaries
  /** Where runc and mount are found. */
  path: string
}

/** Makes the machines and starts Kubernetes on them, or what of it does not run. */
export async function bringUp(cluster: Cluster, tools: Tools): Promise<void> {
  await openBridge(cluster.dir)
  for (const machine of cluster.machines) await createMachine(machine, cluster.machines)
  const api = { address: cluster.first.address, port: API_PORT }
  await createCredentials(join(cluster.dir, 'credentials'), api, cluster.machines)
  await powerOn(cluster, tools, cluster.machines)
  await loadOwn(cluster.machines, tools.binaries)
  const volumes = join(cluster.dir, 'volumes.json')
  const items = createVolumes(cluster.first)
  writeFileSync(volumes, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  await kubectl(cluster, tools, 'apply', '-f', volumes, '-f', COREDNS)
  await kubectl(cluster, tools, 'wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=60s')
  await kubectl(
    cluster,
    tools,
    '-n',
    'kube-system',
    'rollout',
    'status',
    'deployment/coredns',
    '--timeout=60s',
  )
  weighPods(NODES)
}

async function powerOn(cluster: Cluster, tools: Tools, machines: readonly Machine[]): Promise<void> {
  const { binaries, path } = tools
  const credentials = join(cluster.dir, 'credentials')
  if (machines.includes(cluster.first)) startControlPlane(cluster.first, binaries.kube, credentials)
  const ready = () => kubectl(cluster, tools, 'get', '--raw', '/readyz')
  await until('the API of Kubernetes', START_MS, ready)
  for (const machine of machines) {
    await startNode(machine, { binaries, credentials, path, all: cluster.machines })
  }
  // The host reaches Services, too, by the first machine.
  await host('ip', 'route', 'replace', SERVICES, 'via', cluster.first.address)
}

/** The machine's power is gone, and so are its processes; `heal` switches it on again. */
export async function kill(machine: Machine): Promise<void> {
  await pullCable(machine)
  await killMachine(machine)
}

export async function cut(machine: Machine): Promise<void> {
  await pullCable(machine)
}

export async function heal(cluster: Cluster, tools: Tools, machine: Machine): Promise<void> {
  await plugCable(machine)
  await powerOn(cluster, tools, [machine])
}

/** Ends it all; images that nodes have are kept for the next time. */
export async function takeDown(cluster: Cluster): Promise<void> {
  for (const machine of cluster.machines.toReversed()) {
    await removeMachine(machine)
    if (!existsSync(machine.dir)) continue
    const files = readdirSync(machine.dir).filter(
      (name) => name !== 'containerd' && !name.startsWith('image-'),
    )
    for (const name of files) rmSync(join(machine.dir, name), { recursive: true, force: true })
  }
  await removeBridge(cluster.dir)
  for (const name of ['credentials', 'volumes.json']) {
    rmSync(join(cluster.dir, name), { recursive: true, force: true })
  }
}

/** A line for each machine. */
export async function describe({ machines }: Cluster): Promise<string[]> {
  return Promise.all(
    machines.map(async (machine) => {
      if (!isCreated(machine)) return `${machine.name}  there is none`
      const running = PROGRAMS.filter((program) => isRunning(machine.dir, program))
      const power = running.length > 0 ? running.join(' ') : 'no power'
      return `${machine.name}  ${machine.address}  ${(await isPlugged(machine)) ? 'plugged' : 'cut'}  ${power}`
    }),
  )
}

/** Gives the end of what it wrote. */
export function kubectl(
  cluster: Cluster,
  tools: Pick<Tools, 'binaries'>,
  ...args: string[]
): Promise<string> {
  return runOrThrow([...kubectlOf(cluster, tools), ...args], { timeoutMs: KUBECTL_TIMEOUT_MS })
}

export function kubectlOf({ kubeconfig }: Cluster, { binaries }: Pick<Tools, 'binaries'>): string[] {
  return [binaries.kube, 'kubectl', '--kubeconfig', kubeconfig]
}
