import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { host } from './machines.ts'

/** For a cluster that lives some days at most. */
const DAYS = '30'

/** What the parts of the control plane are to the API, by the names that Kubernetes expects. */
const USERS = {
  admin: 'admin,1,"system:masters"',
  'controller-manager': 'system:kube-controller-manager,2',
  scheduler: 'system:kube-scheduler,3',
  proxy: 'system:kube-proxy,4',
} as const

export interface Api {
  address: string
  port: number
}

/** Makes the authority, the API's certificate, a token and a kubeconfig for each part; once. */
export async function createCredentials(
  dir: string,
  api: Api,
  nodes: readonly { name: string }[],
): Promise<void> {
  if (existsSync(join(dir, 'tokens.csv'))) return
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const file = (name: string) => join(dir, name)
  const authority = ['-subj', '/CN=lepton-cluster', '-keyout', file('ca.key'), '-out', file('ca.crt')]
  await host('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', DAYS, ...authority)
  // To kubelets, the API is a member of the group that may do everything.
  const request = [
    '-subj',
    '/O=system:masters/CN=kube-apiserver',
    '-keyout',
    file('api.key'),
    '-out',
    file('api.csr'),
  ]
  await host('openssl', 'req', '-newkey', 'rsa:2048', '-nodes', ...request)
  const names = [`IP:${api.address}`, 'IP:10.96.0.1', 'DNS:kubernetes.default.svc']
  writeFileSync(file('api.ext'), `subjectAltName=${names.join(',')}\n`)
  const signing = ['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-CAcreateserial', '-days', DAYS]
  const certificate = ['-in', file('api.csr'), '-out', file('api.crt'), '-extfile', file('api.ext')]
  await host('openssl', 'x509', '-req', ...signing, ...certificate)
  await host('openssl', 'genrsa', '-out', file('accounts.key'), '2048')
  const users: Record<string, string> = {
    ...USERS,
    ...Object.fromEntries(nodes.map(({ name }) => [name, `system:node:${name},${name},"system:nodes"`])),
  }
  const tokens = Object.entries(users).map(([name, user]) => {
    const token = randomBytes(24).toString('base64url')
    writeFileSync(kubeconfigOf(dir, name), kubeconfig(dir, api, token), { mode: 0o600 })
    return `${token},${user}`
  })
  writeFileSync(file('tokens.csv'), `${tokens.join('\n')}\n`, { mode: 0o600 })
}

export function kubeconfigOf(dir: string, user: string): string {
  return join(dir, `${user}.kubeconfig`)
}

/** Whole, with the authority in it: it can be copied elsewhere. */
function kubeconfig(dir: string, api: Api, token: string): string {
  const authority = readFileSync(join(dir, 'ca.crt')).toString('base64')
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'lepton',
        cluster: { server: `https://${api.address}:${api.port}`, 'certificate-authority-data': authority },
      },
    ],
    users: [{ name: 'user', user: { token } }],
    contexts: [{ name: 'lepton', context: { cluster: 'lepton', user: 'user', namespace: 'lepton' } }],
    'current-context': 'lepton',
  })
}
