import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CannotStart, describeFailure } from '@lepton/local/cannot-start'
import { findOnPath } from '@lepton/local/command'
import { readConfig } from '@lepton/local/config'
import { checkOverlays } from './check.ts'
import { bringUp, type Cluster, clusterIn, cut, describe, heal, kill, kubectlOf } from './cluster.ts'
import { serviceImage, stateDir } from './config.ts'
import type { Machine } from './machines.ts'
import {
  areServersOn,
  bringServersUp,
  environmentOf,
  healServers,
  serversOf,
  strengthOf,
  takeServersDown,
} from './servers/servers.ts'
import { findTools } from './tools.ts'
import { tryShop } from './try.ts'

const ROOT = new URL('../../../', import.meta.url)
const OVERLAYS = [
  'infra/kubernetes/overlays/try',
  'infra/kubernetes/overlays/production',
  'e2e/kubernetes',
].map((folder) => fileURLToPath(new URL(folder, ROOT)))
const MACHINE_TOOLS = ['ip', 'nsenter', 'unshare', 'mount', 'sysctl']
const TOOLS = [...MACHINE_TOOLS, 'iptables', 'openssl', 'tar', 'runc', 'docker']
const FOR_KUBERNETES = new Set(['up', 'try'])

const USAGE = `Three machines on this one, each a network namespace with its own address: for a Kubernetes of three nodes, or for servers in threes.

  pnpm cluster up             starts it, or what of it does not run; the first time it builds Kubernetes (15 min or more)
  pnpm cluster try [FOLDER]   runs the shop on it, or updates it, until an order was bought (infra/kubernetes/overlays/try);
                              the image is Docker's: docker compose build gateway
  pnpm cluster servers        instead of Kubernetes: a Consul server, a Kafka broker and a PostgreSQL on each machine; prints with
                              what \`npm start\` uses them

  pnpm cluster kill m2        the machine loses its power
  pnpm cluster cut m3         its cable is pulled
  pnpm cluster heal m3        power and cable are back
  pnpm cluster status
  pnpm cluster check          asks an API of Kubernetes whether it would take the manifests, strictly; needs no root
  pnpm cluster kubectl ARGS…
  pnpm cluster down           ends it, with all that was stored in it

It needs Linux, root, and ${MACHINE_TOOLS.join(', ')}; for Kubernetes also ${TOOLS.slice(MACHINE_TOOLS.length).join(', ')}.
m1 has the control plane of Kubernetes and all its volumes: what is lost with m2 or m3 is instances. Of servers in threes any one may be lost.
`

async function main([command, ...args]: readonly string[]): Promise<void> {
  const commands: Record<string, (cluster: Cluster) => Promise<void>> = {
    up: async (cluster) => {
      if (areServersOn(cluster))
        throw new CannotStart('Servers run on these machines: `pnpm cluster down` ends them.')
      const tools = await findTools(say)
      const startedAt = performance.now()
      await bringUp(cluster, tools)
      say(`three nodes are ready after ${seconds(performance.now() - startedAt)}`)
      say(`KUBECONFIG=${cluster.kubeconfig}`)
    },
    try: async (cluster) => {
      const overlay = resolve(args[0] ?? OVERLAYS[0]!)
      const options = { overlay, image: serviceImage(), signal: new AbortController().signal }
      const { gateway, tookMs } = await tryShop(cluster, await findTools(say), options)
      say(`from \`kubectl apply\` to an order that was COMPLETED: ${seconds(tookMs)}`)
      say(gateway)
    },
    servers: async (cluster) => {
      const servers = await serversOf(cluster, explain)
      const startedAt = performance.now()
      await bringServersUp(servers)
      explain(`three of each are ready after ${seconds(performance.now() - startedAt)}`)
      for (const [name, value] of Object.entries(environmentOf(servers))) say(`export ${name}='${value}'`)
    },
    kill: (cluster) => kill(named(cluster, args[0])),
    cut: (cluster) => cut(named(cluster, args[0])),
    heal: async (cluster) => {
      const machine = named(cluster, args[0])
      if (areServersOn(cluster)) return healServers(await serversOf(cluster, explain), machine)
      return heal(cluster, await findTools(say), machine)
    },
    status: async (cluster) => {
      for (const line of await describe(cluster)) say(line)
      if (!areServersOn(cluster)) return
      const { roles, lacks } = await strengthOf(cluster)
      for (const [name, own] of Object.entries(roles)) say(`${name}  ${own.join(', ')}`)
      if (lacks.length > 0) say(`missing: ${lacks.join(', ')}`)
    },
    kubectl: async (cluster) => {
      const { binaries } = await findTools(say)
      const [file = '', ...own] = [...kubectlOf(cluster, { binaries }), ...args]
      spawn(file, own, { stdio: 'inherit' }).on('exit', (code) => (process.exitCode = code ?? 1))
    },
    down: takeServersDown,
  }
  if (command === 'check') return check()
  const run = commands[command ?? '']
  if (command === undefined || run === undefined) {
    process.stdout.write(USAGE)
    process.exitCode = command === undefined || command === '--help' ? 0 : 2
    return
  }
  requireMachine(FOR_KUBERNETES.has(command) ? TOOLS : MACHINE_TOOLS)
  const dir = stateDir()
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  await run(clusterIn(dir))
}

async function check(): Promise<void> {
  const { binaries } = await findTools(say)
  await checkOverlays(binaries.kube, OVERLAYS)
  say(`${OVERLAYS.length} overlays are as Kubernetes wants them`)
}

function named({ machines }: Cluster, name: string | undefined): Machine {
  const machine = machines.find((one) => one.name === name)
  if (machine === undefined)
    throw new CannotStart(`Name a machine: ${machines.map((one) => one.name).join(', ')}.`)
  return machine
}

function requireMachine(tools: readonly string[]): void {
  if (process.platform !== 'linux')
    throw new CannotStart('Machines are made of namespaces, which only Linux has.')
  if (process.getuid?.() !== 0)
    throw new CannotStart('Namespaces, mounts and a bridge need root: sudo corepack pnpm cluster …')
  const { path } = readConfig()
  const missing = tools.filter((tool) => findOnPath(tool, `${path}:/usr/sbin:/sbin`) === undefined)
  if (missing.length > 0) throw new CannotStart(`Not installed here: ${missing.join(', ')}.`)
}

/** Beside what a shell is to read. */
function explain(line: string): void {
  process.stderr.write(`${line}\n`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${describeFailure(error)}\n`)
  process.exitCode = 1
})
