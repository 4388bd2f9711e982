import { join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { kubeconfigOf } from './certificates.ts'
import type { Machine } from './machines.ts'

/** Files of a node's programs, by their names. JSON is YAML, too. */
export interface NodeFiles {
  'network.conflist': string
  'containerd.toml': string
  'kubelet.yaml': string
  'proxy.yaml': string
}

export const PAUSE_IMAGE = 'docker.io/lepton/pause:1'
export const PODS = '10.244.0.0/16'
export const SERVICES = '10.96.0.0/16'
export const DNS_ADDRESS = '10.96.0.10'

export const podsOf = ({ number }: Machine): string => `10.244.${number}.0/24`
export const runDirOf = ({ name }: Machine): string => `/run/lepton-cluster-${name}`
/** containerd's own command, for what a machine runs. */
export const ctrOf = ({ containerd }: Binaries, machine: Machine): string[] => [
  join(containerd, 'ctr'),
  ...['--address', socketOf(machine), '--namespace', 'k8s.io'],
]
const socketOf = (machine: Machine): string => join(runDirOf(machine), 'containerd.sock')

export function nodeFiles(machine: Machine, { cni }: Binaries, credentials: string): NodeFiles {
  return {
    'network.conflist': JSON.stringify(network(machine)),
    'containerd.toml': containerd(machine, cni),
    'kubelet.yaml': JSON.stringify(kubelet(machine, credentials)),
    'proxy.yaml': JSON.stringify(proxy(machine, credentials)),
  }
}

function network(machine: Machine) {
  const ranges = [[{ subnet: podsOf(machine) }]]
  const addresses = {
    type: 'host-local',
    ranges,
    routes: [{ dst: '0.0.0.0/0' }],
    dataDir: join(machine.dir, 'addresses'),
  }
  return {
    cniVersion: '1.0.0',
    name: 'lepton',
    plugins: [
      { type: 'bridge', bridge: 'pods', isGateway: true, hairpinMode: true, ipMasq: false, ipam: addresses },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  }
}

function containerd(machine: Machine, cni: string): string {
  const { dir } = machine
  const runtime = '[plugins."io.containerd.cri.v1.runtime"'
  return `version = 3
root = "${dir}/containerd"
state = "${runDirOf(machine)}/state"
[grpc]
  address = "${socketOf(machine)}"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "${PAUSE_IMAGE}"
${runtime}]
  # Where a process may not lower its oom_score_adj, runc ends with "can't get final child's PID".
  restrict_oom_score_adj = true
${runtime}.cni]
  bin_dirs = ["${cni}"]
  conf_dir = "${dir}/network"
${runtime}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
`
}

/** Control groups are left alone: this works in a container that has no say in them, and tests no limits of memory. */
function kubelet(machine: Machine, credentials: string) {
  const { address, dir } = machine
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: false },
      x509: { clientCAFile: join(credentials, 'ca.crt') },
    },
    authorization: { mode: 'AlwaysAllow' },
    readOnlyPort: 0,
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    clusterDNS: [DNS_ADDRESS],
    clusterDomain: 'cluster.local',
    containerRuntimeEndpoint: `unix://${socketOf(machine)}`,
    podLogsDir: join(dir, 'pod-logs'),
    resolvConf: '/dev/null',
    maxPods: 60,
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '100Mi' },
    nodeStatusUpdateFrequency: '2s',
    // What is killed on purpose comes back at once, also the fifth time.
    featureGates: { KubeletCrashLoopBackOffMax: true },
    crashLoopBackOff: { maxContainerRestartPeriod: '1s' },
  }
}

function proxy({ name }: Machine, credentials: string) {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: kubeconfigOf(credentials, 'proxy') },
    mode: 'iptables',
    clusterCIDR: PODS,
    hostnameOverride: name,
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  }
}
