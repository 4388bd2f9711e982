import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Cluster, clusterIn, kubectl, kubectlOf, type Tools } from '@lepton/cluster/cluster'
import { stateDir } from '@lepton/cluster/config'
import { act, stateOf } from '@lepton/cluster/containers'
import { findTools } from '@lepton/cluster/tools'
import { addressOf } from '@lepton/cluster/try'
import { databaseName, type DatabaseOwner } from '@lepton/setup/services'
import { until } from '@lepton/testing/until'
import { startProxy } from './chaos/network/proxy.ts'
import { PAYMENT_WAIT_MS } from './config.ts'
import type { Target, TargetService } from './target.ts'

const COMMAND = { timeout: 120_000, maxBuffer: 100_000_000 }
const WAIT = { timeoutMs: 90_000, everyMs: 200 }
/** One pod each, with a name and a volume that stay. */
const STATEFUL: readonly TargetService[] = ['psp']

/** The shop of e2e/kubernetes on the cluster of `pnpm cluster`. */
export async function kubernetesTarget(): Promise<Target> {
  const cluster = clusterIn(stateDir())
  const tools = await findTools(() => undefined)
  const [file = '', ...own] = kubectlOf(cluster, tools)
  const ask = async (...args: string[]) => {
    // Logs are longer than what a failure shows of them.
    const { stdout } = await promisify(execFile)(file, [...own, '--namespace=lepton', ...args], COMMAND)
    return stdout.trim()
  }
  const secret = await secretReader(cluster, tools)
  const away = new Map<TargetService, number>()

  const instances = async (service: TargetService) => {
    const running = ['--selector', `app.kubernetes.io/name=${service}`, '--output=name']
    const names = await ask('get', 'pods', '--field-selector=status.phase=Running', ...running)
    return names.split('\n').flatMap((name) => (name === '' ? [] : [name.replace('pod/', '')]))
  }

  async function crash(pod: string): Promise<void> {
    const before = await stateOf(cluster, tools, pod)
    await act(cluster, tools, pod, 'kill')
    await until(
      `${pod} runs again`,
      async () => {
        const { restarts, isReady } = await stateOf(cluster, tools, pod)
        return restarts > before.restarts && isReady
      },
      WAIT,
    )
  }

  async function scale(service: TargetService, count: number): Promise<void> {
    const workload = `${STATEFUL.includes(service) ? 'statefulset' : 'deployment'}/${service}`
    await ask('scale', workload, `--replicas=${count}`)
    if (count > 0) await ask('rollout', 'status', workload, '--timeout=90s')
    await until(`${count} of ${service}`, async () => (await instances(service)).length === count, WAIT)
  }

  const psql = (owner: DatabaseOwner, sql: string) =>
    ask('exec', 'postgres-0', '--', 'psql', '-U', 'postgres', '-d', databaseName(owner), '-At', '-c', sql)
  const podOf = (name: string) => (['postgres', 'kafka', 'consul'].includes(name) ? `${name}-0` : name)

  // A browser gives pages of another machine less than those of localhost, unless they came by TLS.
  const { hostname: host, port } = new URL(await addressOf(cluster, tools, 'gateway'))
  const proxy = await startProxy({ host, port: Number(port) })

  return {
    gateway: `http://localhost:${proxy.address.split(':')[1]}`,
    psp: await addressOf(cluster, tools, 'psp'),
    operatorSecret: secret('operator.secret'),
    gatewayKey: secret('key.jwk.json'),
    inside: undefined,
    paymentWaitMs: PAYMENT_WAIT_MS,
    instances,
    crash,
    crashServer: (server) => crash(podOf(server)),
    pause: (name) => act(cluster, tools, podOf(name), 'freeze'),
    resume: (name) => act(cluster, tools, podOf(name), 'thaw'),
    takeAway: async (service) => {
      const names = await instances(service)
      away.set(service, names.length)
      const gone = scale(service, 0)
      // One that has ended by itself meanwhile cannot be killed: that none is left is what counts.
      await Promise.allSettled(names.map((pod) => act(cluster, tools, pod, 'kill')))
      await gone
    },
    bringBack: (service) => scale(service, away.get(service) ?? 0),
    scale,
    query: async <T>(owner: DatabaseOwner, sql: string) =>
      JSON.parse(await psql(owner, `select coalesce(json_agg(t), '[]') from (${sql}) t`)) as T[],
    alter: async (owner, sql) => {
      await psql(owner, sql)
    },
    logsOf: async (orderId) => {
      const all = [
        '--selector=app.kubernetes.io/part-of=lepton',
        '--since=5m',
        '--tail=-1',
        '--max-log-requests=50',
      ]
      return (await ask('logs', ...all)).split('\n').filter((line) => line.includes(orderId))
    },
    close: () => proxy.close(),
  }
}

/** Of the gateway's own share. */
async function secretReader(cluster: Cluster, tools: Tools): Promise<(file: string) => string> {
  const query = ['--namespace=lepton', 'get', 'secret', 'lepton-gateway', '--output=jsonpath={.data}']
  const files = JSON.parse(await kubectl(cluster, tools, ...query)) as Record<string, string>
  return (file) => Buffer.from(files[file]!, 'base64').toString().trim()
}
