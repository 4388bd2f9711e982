import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { type Container, type Manifest, readBase, readManifests, settingsIn } from '@lepton/cluster/manifests'
import { podFaults, secretsOf } from '@lepton/cluster/rules'
import { ALL_SERVICES, CALLERS, isConsuming, type Service } from '@lepton/contracts/services'
import { ROOT } from '@lepton/local/root'
import { createSecrets, shareSecrets } from '@lepton/setup/keys'
import type { z } from 'zod'

const FOLDER = join(ROOT, 'infra', 'kubernetes')
const base = readBase(join(FOLDER, 'base'))
const psp = readManifests(join(FOLDER, 'psp'))
const servers = readManifests(join(FOLDER, 'overlays', 'try'))
const production = readManifests(join(FOLDER, 'overlays', 'production'))
const common = settingsIn(join(FOLDER, 'base'))

const shares = mkdtempSync(join(tmpdir(), 'lepton-shares-'))
shareSecrets(createSecrets(join(shares, 'all')), shares)
afterAll(() => rmSync(shares, { recursive: true }))

function workloadOf(service: Service): Manifest {
  const found = [...base, ...psp].find(
    ({ kind, metadata }) => ['Deployment', 'StatefulSet'].includes(kind) && metadata.name === service,
  )
  if (found === undefined) throw new Error(`no manifest runs ${service}`)
  return found
}

function containerOf(manifest: Manifest): Container {
  return manifest.spec!.template!.spec.containers[0]!
}

/** What the container gets: from the image, from the map of settings, and its own. */
function environmentOf(manifest: Manifest): Record<string, string | undefined> {
  const [, line = ''] = /^ENV (NODE_ENV.*)$/m.exec(
    readFileSync(join(ROOT, 'infra', 'docker', 'service.Dockerfile'), 'utf8'),
  )!
  const { env = [], envFrom = [] } = containerOf(manifest)
  return {
    ...Object.fromEntries(line.split(' ').map((pair) => pair.split('=') as [string, string])),
    ...(envFrom.length > 0 ? common : {}),
    ...Object.fromEntries(env.map(({ name, value }) => [name, value ?? '10.0.0.1'])),
  }
}

async function shapeOf(service: Service): Promise<Record<string, z.ZodType>> {
  const config = (await import(join(ROOT, 'services', service, 'src', 'config.ts'))) as {
    settings: z.ZodObject
  }
  return config.settings.shape
}

/** A setting of Node itself. */
const OF_NODE = 'NODE_OPTIONS'

describe.each(ALL_SERVICES)('%s on Kubernetes', (service) => {
  it('runs its own program with its own secrets', () => {
    const workload = workloadOf(service)
    expect(containerOf(workload).command).toEqual(['node', `services/${service}/src/main.ts`])
    expect(secretsOf(workload)).toEqual([`lepton-${service}`])
  })

  it('is given settings that it has, and all that it needs', async () => {
    const shape = await shapeOf(service)
    const own = (containerOf(workloadOf(service)).env ?? []).map(({ name }) => name)
    expect(own.filter((name) => !(name in shape) && name !== OF_NODE)).toEqual([])

    const given = environmentOf(workloadOf(service))
    const needed = Object.keys(shape).filter((name) => !shape[name]!.safeParse(undefined).success)
    expect(needed.filter((name) => given[name] === undefined)).toEqual([])
  })

  it('finds each secret that a setting names in its share', async () => {
    const shape = await shapeOf(service)
    const files = Object.entries(environmentOf(workloadOf(service))).filter(
      ([name, value]) => name in shape && value?.startsWith('/secrets/'),
    )
    const missing = files.filter(
      ([, file]) => !existsSync(join(shares, service, file!.slice('/secrets/'.length))),
    )
    expect(missing).toEqual([])
  })
})

it('has no setting that no service has', async () => {
  const shapes = await Promise.all(ALL_SERVICES.map(shapeOf))
  const overlays = ['try', 'production'].map((name) => settingsIn(join(FOLDER, 'overlays', name)))
  const named = Object.keys(Object.assign({}, common, ...overlays) as object)
  expect(named.filter((name) => name !== OF_NODE && !shapes.some((shape) => name in shape))).toEqual([])
})

it('lets no pod do what it need not, and probes and limits each', () => {
  const pods = [...base, ...psp, ...servers].filter(({ spec }) => spec?.template !== undefined)
  expect(pods).toHaveLength(ALL_SERVICES.length + ['secrets', 'setup', 'postgres', 'kafka', 'consul'].length)
  expect(pods.flatMap(podFaults)).toEqual([])
})

it('finds a pod that breaks the rules', () => {
  const gateway = structuredClone(workloadOf('gateway'))
  containerOf(gateway).resources = {}
  containerOf(gateway).livenessProbe = { httpGet: { path: '/readyz' } }
  delete gateway.spec!.template!.spec.automountServiceAccountToken
  expect(podFaults(gateway)).toEqual([
    'Deployment gateway: gets a token for the API of Kubernetes',
    'Deployment gateway: has no limit of memory',
    'Deployment gateway: requests no memory',
    'Deployment gateway: requests no CPU',
    'Deployment gateway: is restarted when it is not ready',
  ])
})

it('lets the Job of the secrets change exactly those that there are', () => {
  const role = base.find(({ kind }) => kind === 'Role')!
  const names = role.rules!.flatMap(({ resourceNames = [] }) => resourceNames)
  // PostgreSQL's is made where Secrets are written.
  const kept = [...readdirSync(shares), 'postgres'].map((share) => `lepton-${share}`)
  expect(names.sort()).toEqual(kept.sort())
})

it('mounts all secrets in the set-up only', () => {
  const having = [...base, ...psp, ...servers].filter((one) => secretsOf(one).includes('lepton-all'))
  expect(having.map(({ metadata }) => metadata.name)).toEqual(['setup'])
})

it('runs Kafka as Compose does', () => {
  const compose = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')
  const [, entry = ''] = compose.split(/^ {2}kafka:$/m)
  const inCompose = [...entry.matchAll(/^ {6}(KAFKA_\w+): (.+)$/gm)].map(([, name = '', value = '']) => [
    name,
    value.replace(/^'|'$/g, ''),
  ])
  const kafka = servers.find(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === 'kafka')!
  expect(containerOf(kafka).env!.map(({ name, value }) => [name, value])).toEqual(inCompose)
})

describe('in production', () => {
  const ofKind = (kind: string) =>
    production.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name)
  const several = CALLERS.filter((service) => service !== 'ops').sort()

  it('keeps and scales each service that may have several instances', () => {
    expect(ofKind('PodDisruptionBudget').sort()).toEqual(several)
    expect(ofKind('HorizontalPodAutoscaler').sort()).toEqual(several)
  })

  it('scales consumers by their lag', () => {
    const byLag = production.filter((one) => JSON.stringify(one).includes('kafka_consumer_lag_records'))
    expect(byLag.map(({ metadata }) => metadata.name).sort()).toEqual(ALL_SERVICES.filter(isConsuming).sort())
  })

  it('has no server of its own, and refuses what no policy allows', () => {
    expect(ofKind('StatefulSet')).toEqual([])
    const refusing = production.find(
      ({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'nothing',
    )
    expect(refusing?.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
  })
})
