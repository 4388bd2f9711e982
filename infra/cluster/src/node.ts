import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from './until.ts'
import type { Binaries } from './binaries.ts'
import { kubeconfigOf } from './certificates.ts'
import { host, inside, type Machine, startProgram } from './machines.ts'
import { ctrOf, nodeFiles, podsOf, runDirOf } from './node-files.ts'

const START_MS = 20_000

/** Makes a machine a node, or starts what of it does not run. */
export async function startNode(
  machine: Machine,
  {
    binaries,
    credentials,
    path,
    all,
  }: { binaries: Binaries; credentials: string; path: string; all: readonly Machine[] },
): Promise<void> {
  const { name, dir, address, number } = machine
  mkdirSync(join(dir, 'network'), { recursive: true })
  mkdirSync(runDirOf(machine), { recursive: true, mode: 0o700 })
  const { 'network.conflist': network, ...files } = nodeFiles(machine, binaries, credentials)
  writeFileSync(join(dir, 'network', '10-lepton.conflist'), network)
  for (const [file, content] of Object.entries(files)) writeFileSync(join(dir, file), content)
  await connectPods(machine, all)

  startProgram(machine, 'containerd', [
    'env',
    `PATH=${binaries.containerd}:${path}`,
    join(binaries.containerd, 'containerd'),
    ...['--config', join(dir, 'containerd.toml')],
  ])
  await until(`containerd of ${name}`, START_MS, () => host(...ctrOf(binaries, machine), 'version'))
  startProgram(machine, 'kubelet', [
    binaries.kube,
    'kubelet',
    `--config=${join(dir, 'kubelet.yaml')}`,
    `--kubeconfig=${kubeconfigOf(credentials, name)}`,
    `--hostname-override=${name}`,
    `--node-ip=${address}`,
    `--root-dir=${join(dir, 'kubelet')}`,
    `--cert-dir=${join(dir, 'kubelet', 'pki')}`,
    `--node-labels=topology.kubernetes.io/zone=zone-${number}`,
  ])
  startProgram(machine, 'kube-proxy', [binaries.kube, 'proxy', `--config=${join(dir, 'proxy.yaml')}`])
}

/** A pod reaches those of other nodes by their machines, and the host reaches all of them. */
async function connectPods(machine: Machine, all: readonly Machine[]): Promise<void> {
  const { name, address } = machine
  await host('ip', 'route', 'replace', podsOf(machine), 'via', address)
  for (const other of all.filter((one) => one.name !== name)) {
    await host('ip', '-n', name, 'route', 'replace', podsOf(other), 'via', other.address)
  }
  const there = (...command: string[]) => host(...inside(machine, command))
  await there('sysctl', '-qw', 'net.ipv4.ip_forward=1')
  await there('sysctl', '-qw', 'net.bridge.bridge-nf-call-iptables=1')
  await there('iptables', '-P', 'FORWARD', 'ACCEPT')
}
