import { join } from 'node:path'
import { kubeconfigOf } from './certificates.ts'
import { type Machine, startProgram } from './machines.ts'
import { SERVICES } from './node-files.ts'

export const API_PORT = 6443

/** Stores that live no longer than what they are for. */
export function etcdFlags(dir: string, { client, peer }: { client: string; peer: string }): string[] {
  return [
    `--data-dir=${join(dir, 'etcd')}`,
    ...[`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`],
    ...[`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`],
    ...[`--initial-cluster=default=${peer}`, '--unsafe-no-fsync', '--log-level=warn'],
  ]
}

export interface ApiOptions {
  etcd: string
  address: string
  port: number
  credentials: string
}

export function apiFlags(dir: string, { etcd, address, port, credentials }: ApiOptions): string[] {
  const file = (name: string) => join(credentials, name)
  return [
    `--etcd-servers=${etcd}`,
    ...[`--advertise-address=${address}`, `--bind-address=${address}`, `--secure-port=${port}`],
    ...[`--tls-cert-file=${file('api.crt')}`, `--tls-private-key-file=${file('api.key')}`],
    ...[`--client-ca-file=${file('ca.crt')}`, `--token-auth-file=${file('tokens.csv')}`],
    ...[`--kubelet-client-certificate=${file('api.crt')}`, `--kubelet-client-key=${file('api.key')}`],
    ...['--authorization-mode=Node,RBAC', '--kubelet-preferred-address-types=InternalIP'],
    ...[`--service-cluster-ip-range=${SERVICES}`, '--service-account-issuer=https://kubernetes.default.svc'],
    `--service-account-key-file=${file('accounts.key')}`,
    `--service-account-signing-key-file=${file('accounts.key')}`,
    `--cert-dir=${join(dir, 'api')}`,
  ]
}

/** etcd, the API, the controllers and the scheduler, all on one machine: what is lost with another one is instances. */
export function startControlPlane(machine: Machine, kube: string, credentials: string): void {
  const { dir, address } = machine
  const file = (name: string) => join(credentials, name)
  const start = (program: string, flags: string[]) =>
    startProgram(machine, program, [kube, program, ...flags])
  const etcd = { client: 'http://127.0.0.1:2379', peer: 'http://127.0.0.1:2380' }
  start('etcd', etcdFlags(dir, etcd))
  start('apiserver', apiFlags(dir, { etcd: etcd.client, address, port: API_PORT, credentials }))
  start('controller-manager', [
    `--kubeconfig=${kubeconfigOf(credentials, 'controller-manager')}`,
    ...['--use-service-account-credentials', `--service-account-private-key-file=${file('accounts.key')}`],
    ...[`--root-ca-file=${file('ca.crt')}`, '--leader-elect=false', `--cert-dir=${join(dir, 'controllers')}`],
    // A dead node is known after this long, instead of 50 s: kubelets report each 2 s.
    ...['--node-monitor-grace-period=10s', '--node-monitor-period=1s'],
  ])
  start('scheduler', [
    `--kubeconfig=${kubeconfigOf(credentials, 'scheduler')}`,
    ...['--leader-elect=false', `--cert-dir=${join(dir, 'scheduler')}`],
  ])
}
