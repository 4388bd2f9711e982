import { type Cluster, kubectl, type Tools } from './cluster.ts'
import { host } from './machines.ts'
import { ctrOf } from './node-files.ts'

/** What is done to a pod's process past Kubernetes, as a crash or a stall would: it finds out by itself. */
const SIGNALS = { kill: 'SIGKILL', freeze: 'SIGSTOP', thaw: 'SIGCONT' } as const

export async function act(
  cluster: Cluster,
  tools: Tools,
  pod: string,
  what: keyof typeof SIGNALS,
): Promise<void> {
  const [node, id = ''] = await ask(
    cluster,
    tools,
    pod,
    '{.spec.nodeName} {.status.containerStatuses[0].containerID}',
  )
  const machine = cluster.machines.find(({ name }) => name === node)
  if (machine === undefined) throw new Error(`${pod} runs on no machine of this cluster`)
  await host(
    ...ctrOf(tools.binaries, machine),
    'tasks',
    'kill',
    '--signal',
    SIGNALS[what],
    id.replace('containerd://', ''),
  )
}

export interface PodState {
  restarts: number
  isReady: boolean
}

export async function stateOf(cluster: Cluster, tools: Tools, pod: string): Promise<PodState> {
  const status = '{.status.containerStatuses[0]'
  const [restarts, ready] = await ask(cluster, tools, pod, `${status}.restartCount} ${status}.ready}`)
  return { restarts: Number(restarts), isReady: ready === 'true' }
}

async function ask(cluster: Cluster, tools: Tools, pod: string, fields: string): Promise<string[]> {
  const query = ['get', 'pod', pod, '--namespace=lepton', `--output=jsonpath=${fields}`]
  return (await kubectl(cluster, tools, ...query)).split(' ')
}
