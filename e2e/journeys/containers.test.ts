import { execFileSync } from 'node:child_process'
import { describe, expect, it } from '@jest/globals'
import { ROOT } from '@lepton/local/root'
import { KUBERNETES, targetUrl } from '../config.ts'

interface Container {
  cap_drop?: string[]
  security_opt?: string[]
  privileged?: boolean
  read_only?: boolean
  pids_limit?: number
  mem_limit?: string
  ports?: { host_ip?: string }[]
  volumes?: { source: string; target: string }[]
}

const WRITES_INTO_ITSELF = ['kafka']
const SEES_ALL_SECRETS = ['secrets', 'setup']

// Needs Docker, so it runs with the journeys on Docker Compose only.
const describeCompose = [undefined, KUBERNETES].includes(targetUrl()) ? describe.skip : describe

describeCompose('docker-compose.yml', () => {
  const args = [
    'compose',
    '--file',
    'docker-compose.yml',
    '--profile',
    'observability',
    'config',
    '--format',
    'json',
  ]
  const read = () => {
    const { services } = JSON.parse(execFileSync('docker', args, { cwd: ROOT, encoding: 'utf8' })) as {
      services: Record<string, Container>
    }
    return Object.entries(services)
  }

  it('contains every container', () => {
    const loose = read().filter(
      ([name, container]) =>
        container.cap_drop?.join() !== 'ALL' ||
        container.security_opt?.includes('no-new-privileges:true') !== true ||
        container.privileged === true ||
        (container.read_only !== true && !WRITES_INTO_ITSELF.includes(name)) ||
        container.pids_limit === undefined ||
        container.mem_limit === undefined,
    )
    expect(loose.map(([name]) => name)).toEqual([])
  })

  it('publishes on loopback only, and mounts no socket', () => {
    const open = read().filter(
      ([, { ports = [], volumes = [] }]) =>
        ports.some(({ host_ip }) => host_ip !== '127.0.0.1') ||
        volumes.some(({ source }) => source.endsWith('.sock')),
    )
    expect(open.map(([name]) => name)).toEqual([])
  })

  it("gives each service its own secrets and no other's", () => {
    const foreign = read().flatMap(([name, { volumes = [] }]) =>
      volumes
        .map(({ source }) => source)
        .filter((source) => source.startsWith('secrets') && source !== `secrets-${name}`)
        .map(() => name),
    )
    expect([...new Set(foreign)].sort()).toEqual(SEES_ALL_SECRETS)
  })
})
