import { type Cluster, clusterIn, kubectl, type Tools } from '@lepton/cluster/cluster'
import { stateDir } from '@lepton/cluster/config'
import { findTools } from '@lepton/cluster/tools'
import { gatewayOf, SHOP_SERVICES } from '@lepton/cluster/try'
import { createShopClient, type ShopClient, type Shopper } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { kubernetesTarget } from '../../kubernetes-target.ts'
import type { Target } from '../../target.ts'
import { stockUp } from '../orders.ts'

const STOCK = 100_000
const COMPLETE = { timeoutMs: 180_000, everyMs: 500 }

export interface ShopOnNodes {
  cluster: Cluster
  tools: Tools
  target: Target
  client: ShopClient
  /** Another client, with connections of its own. */
  connect: () => ShopClient
  operator: Shopper
}

interface Instance {
  service: string
  node: string
  isReady: boolean
  isStopping: boolean
}

/** The shop that runs on the three nodes, with stock for every run, by the address that its Service has there. */
export async function withShopOnNodes(work: (shop: ShopOnNodes) => Promise<void>): Promise<void> {
  const cluster = clusterIn(stateDir())
  const tools = await findTools(() => undefined)
  const target = await kubernetesTarget()
  const url = await gatewayOf(cluster, tools)
  const connect = () => createShopClient(url)
  const client = connect()
  try {
    await stockUp(client, target.operatorSecret, STOCK)
    const operator = await client.operator(target.operatorSecret)
    await work({ cluster, tools, target, client, connect, operator })
  } finally {
    await Promise.all([client.close(), target.close()])
  }
}

/** Waits until every service has as many ready instances as it is to have, none of them on the lost node, and none is stopping elsewhere. */
export async function untilComplete(shop: ShopOnNodes, lost?: string): Promise<void> {
  const wanted = await wantedOf(shop)
  await until(
    'every instance to be ready',
    async () => {
      const instances = (await instancesOf(shop)).filter(({ node }) => node !== lost)
      const ready = Map.groupBy(
        instances.filter(({ isReady, isStopping }) => isReady && !isStopping),
        ({ service }) => service,
      )
      const isComplete = wanted.every(([service, count]) => (ready.get(service)?.length ?? 0) === count)
      return isComplete && !instances.some(({ isStopping }) => isStopping)
    },
    COMPLETE,
  )
}

export async function instancesOf({ cluster, tools }: ShopOnNodes): Promise<Instance[]> {
  const rows = await ask(cluster, tools, 'pods', [
    String.raw`{.metadata.labels.app\.kubernetes\.io/name}`,
    '{.spec.nodeName}',
    '{.status.conditions[?(@.type=="Ready")].status}',
    '{.metadata.deletionTimestamp}',
  ])
  return rows.map(([service = '', node = '', ready, stoppingSince]) => ({
    service,
    node,
    isReady: ready === 'True',
    isStopping: stoppingSince !== '',
  }))
}

async function wantedOf({ cluster, tools }: ShopOnNodes): Promise<[service: string, count: number][]> {
  const rows = await ask(cluster, tools, 'deployments', ['{.metadata.name}', '{.spec.replicas}'])
  return rows.map(([service = '', count]) => [service, Number(count)])
}

/** A row for each object that is a service's. */
async function ask(
  cluster: Cluster,
  tools: Tools,
  kind: string,
  fields: readonly string[],
): Promise<string[][]> {
  const output = `--output=jsonpath={range .items[*]}${fields.join('{"\\t"}')}{"\\n"}{end}`
  const text = await kubectl(cluster, tools, 'get', kind, ...SHOP_SERVICES, output)
  return text.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')]))
}
