import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { placeProbeOrder } from '@lepton/local/probe'
import { type Cluster, kubectl, type Tools } from './cluster.ts'
import { imageId, loadFromDocker } from './images.ts'
import { parseManifests } from './manifests.ts'
import { until } from './until.ts'

const PROBE_MS = 240_000
/** What selects the shop's own Deployments. */
export const SHOP_SERVICES = ['--namespace=lepton', '--selector=lepton/kind=service'] as const
/** Of the image's content, as a tag: another content is another tag, and replaces the pods. */
const TAG_LENGTH = 12

export interface TryOptions {
  /** The folder of a kustomization. */
  overlay: string
  /** As Docker knows it. */
  image: string
  signal: AbortSignal
}

/**
 * Runs the shop of an overlay, or updates it, with the image that Docker has, until an order was bought in it.
 *
 * @returns where the gateway is, and how long it took from `kubectl apply` to the order (ms)
 */
export async function tryShop(cluster: Cluster, tools: Tools, { overlay, image, signal }: TryOptions) {
  const tag = (await imageId(image)).slice(0, TAG_LENGTH)
  const folder = join(cluster.dir, 'try')
  mkdirSync(folder, { recursive: true })
  const kustomization = {
    resources: [relative(folder, overlay)],
    images: [{ name: 'lepton-service', newTag: tag }],
  }
  writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization))
  const manifests = parseManifests(await kubectl(cluster, tools, 'kustomize', folder))
  await loadFromDocker(image, cluster.machines, tools.binaries, `lepton-service:${tag}`)
  // What stores something runs where the volumes are.
  for (const other of imagesOf(manifests)) await loadFromDocker(other, [cluster.first], tools.binaries)

  // A Job cannot be changed: what ran is removed, and what is there runs again.
  const jobs = ['delete', 'job', '--all', '--namespace=lepton', '--ignore-not-found']
  await kubectl(cluster, tools, ...jobs)
  const startedAt = performance.now()
  await kubectl(cluster, tools, 'apply', '--kustomize', folder)
  const gateway = await until('the address of the gateway', PROBE_MS, () => gatewayOf(cluster, tools))
  await placeProbeOrder({ gateway, timeoutMs: PROBE_MS, signal })
  const tookMs = performance.now() - startedAt
  // An updated shop completes an order before its last old instance is gone; the next visitor must find none of those.
  await kubectl(cluster, tools, 'rollout', 'status', 'deployment', ...SHOP_SERVICES, '--timeout=4m')
  return { gateway, tookMs }
}

function imagesOf(manifests: ReturnType<typeof parseManifests>): string[] {
  const all = manifests.flatMap(({ spec }) => spec?.template?.spec.containers.map(({ image }) => image) ?? [])
  return [...new Set(all)].filter((image) => !image.startsWith('lepton-service'))
}

export async function gatewayOf(cluster: Cluster, tools: Tools): Promise<string> {
  return addressOf(cluster, tools, 'gateway')
}

/** A Service of the shop, as the host reaches it. */
export async function addressOf(cluster: Cluster, tools: Tools, service: string): Promise<string> {
  const query = ['--namespace=lepton', '--output=jsonpath={.spec.clusterIP}:{.spec.ports[0].port}']
  return `http://${await kubectl(cluster, tools, 'get', 'service', service, ...query)}`
}
