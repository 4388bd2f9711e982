import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll } from '@jest/globals'
import { until } from '@lepton/testing/until'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** An agent of our own that forgets everything on restart, as a development agent does. */
export async function createConsulAgent(binary: string, { truncates = true } = {}) {
  const [http, server, lan, dns] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  const address = `http://127.0.0.1:${http}`
  let agent: ChildProcess | undefined

  async function hasLeader(): Promise<boolean> {
    const answer = await fetch(`${address}/v1/status/leader`).catch(() => undefined)
    return answer?.ok === true && (await answer.text()).length > 2
  }

  return {
    address,
    dns: `127.0.0.1:${dns}`,
    async start() {
      const args = ['agent', '-dev', '-client', '127.0.0.1', '-bind', '127.0.0.1', '-log-level', 'err']
      const ports = ['-http-port', http, '-server-port', server, '-serf-lan-port', lan, '-dns-port', dns]
      const none = ['-serf-wan-port', '-1', '-grpc-port', '-1']
      // An answer that a datagram has no room for is asked for again over TCP.
      const truncated = ['-hcl', `dns_config { enable_truncate = ${truncates} }`]
      const hasTlsPort = await knowsGrpcTls(binary)
      agent = spawn(
        binary,
        [
          ...args,
          ...ports.map(String),
          ...none,
          ...truncated,
          ...(hasTlsPort ? ['-grpc-tls-port', '-1'] : []),
        ],
        {
          stdio: 'ignore',
        },
      )
      await until('Consul has a leader', hasLeader, { timeoutMs: 20_000 })
    },
    async stop(signal: NodeJS.Signals = 'SIGKILL') {
      if (agent === undefined || agent.exitCode !== null || agent.signalCode !== null) return
      const exited = once(agent, 'exit')
      agent.kill(signal)
      await exited
    },
  }
}

/** An agent of the file's own, whose DNS port is known. */
export function useConsulDns(): { readonly address: string; readonly dns: string } {
  let agent: Awaited<ReturnType<typeof createConsulAgent>> | undefined

  beforeAll(async () => {
    agent = await createConsulAgent(process.env.TEST_CONSUL_BINARY!)
    await agent.start()
  }, 30_000)
  afterAll(() => agent?.stop())

  return {
    get address() {
      return agent!.address
    },
    get dns() {
      return agent!.dns
    },
  }
}

/** The agent that the tests of a file share: the one that the environment names, else one of our own. */
export function useConsul(): { readonly address: string } {
  const given = process.env.TEST_CONSUL_HTTP_ADDR
  return given === undefined ? useConsulDns() : { address: given }
}

async function knowsGrpcTls(binary: string): Promise<boolean> {
  const help = spawn(binary, ['agent', '-help'], { stdio: ['ignore', 'pipe', 'pipe'] })
  const parts = await Promise.all([help.stdout.toArray(), help.stderr.toArray()])
  return Buffer.concat(parts.flat() as Buffer[]).includes('-grpc-tls-port')
}
