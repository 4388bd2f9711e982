import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CONSUL_SETTINGS, unusedPorts } from '@lepton/local/consul'
import { consulGuard } from '@lepton/setup/consul-secrets'
import { startDetached } from '../detached.ts'
import { HOST_ADDRESS, type Machine, startProgram } from '../machines.ts'
import type { Servers } from './server-set.ts'

/** The agent beside the shop, on loopback: it checks the shop's instances, and finds another server when one is lost. */
const AGENT_PORT = 18_500
export const CONSUL_ADDRESS = `http://127.0.0.1:${AGENT_PORT}`

export function startConsul(servers: Servers, machine: Machine): void {
  const { address, name } = machine
  const own = [
    ...['-server', `-bootstrap-expect=${servers.machines.length}`, '-client=127.0.0.1'],
    // One that is lost comes back as itself, and is waited for.
    ...['-hcl', 'autopilot { cleanup_dead_servers = false }'],
  ]
  const command = agent(servers, { dir: machine.dir, name, address, own })
  startProgram(machine, 'consul', command, servers.env)
}

export function startConsulAgent(servers: Servers): void {
  const { dir } = servers
  const own = ['-ui', '-client=127.0.0.1', `-http-port=${AGENT_PORT}`, '-dns-port=-1']
  startDetached(dir, 'consul', agent(servers, { dir, name: 'shop', address: HOST_ADDRESS, own }), servers.env)
}

function agent(
  { tools, secrets, machines }: Servers,
  { dir, name, address, own }: { dir: string; name: string; address: string; own: string[] },
): string[] {
  const folder = join(dir, 'consul')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { file, version } = tools.consul
  const guard = join(folder, 'acl.json')
  writeFileSync(guard, JSON.stringify(consulGuard(secrets.consulToken, version)), { mode: 0o600 })
  return [
    ...[file, 'agent', `-node=${name}`, `-bind=${address}`, '-log-level=warn'],
    ...[`-data-dir=${join(folder, 'data')}`, `-config-file=${guard}`, '-serf-wan-port=-1'],
    ...machines.map((one) => `-retry-join=${one.address}`),
    ...['-retry-interval=1s', ...unusedPorts(version), ...CONSUL_SETTINGS],
    ...['-hcl', 'leave_on_terminate = false', ...own],
  ]
}
