import { setTimeout as delay } from 'node:timers/promises'
import { cut, heal, kill, kubectl } from '@lepton/cluster/cluster'
import type { Machine } from '@lepton/cluster/machines'
import { longestPauseMs } from '../../chaos/collect/waits.ts'
import { type Asked, startOrders } from '../steady-orders.ts'
import { instancesOf, type ShopOnNodes, untilComplete } from './shop-on-nodes.ts'

const HEALTHY_MS = 5_000

const FAULTS: readonly { what: string; node: string; harm: (machine: Machine) => Promise<void> }[] = [
  { what: 'm2 loses its power', node: 'm2', harm: kill },
  { what: 'the cable of m3 is pulled', node: 'm3', harm: cut },
]

export interface NodeLoss {
  what: string
  /** Instances of the shop that were on the node. */
  lost: number
  /** The longest time without an accepted order. */
  pauseMs: number
  /** From the fault until as many instances as before were ready elsewhere. */
  completeMs: number
  asked: readonly Asked[]
}

/** One node after the other, on a shop that is ordered from all the time and complete before each. */
export async function loseNodes(shop: ShopOnNodes, perS: number): Promise<NodeLoss[]> {
  const losses: NodeLoss[] = []
  for (const { what, node, harm } of FAULTS) {
    const machine = shop.cluster.machines.find(({ name }) => name === node)!
    await untilComplete(shop)
    // A gateway that lost its power closed no connection: those to it answer nothing.
    const client = shop.connect()
    const orders = await startOrders(client, perS)
    await delay(HEALTHY_MS)
    const lost = (await instancesOf(shop)).filter((instance) => instance.node === node).length
    const fromMs = Date.now()
    await harm(machine)
    await untilComplete(shop, node)
    const untilMs = Date.now()
    await delay(HEALTHY_MS)
    await heal(shop.cluster, shop.tools, machine)
    await kubectl(
      shop.cluster,
      shop.tools,
      'wait',
      '--for=condition=Ready',
      'nodes',
      '--all',
      '--timeout=120s',
    )
    await untilComplete(shop)
    const asked = await orders.stop()
    await client.close()
    const accepted = asked.flatMap(({ status, answeredAtMs }) => (status === 202 ? [answeredAtMs] : []))
    const pauseMs = longestPauseMs(accepted, { fromMs, untilMs: Date.now() })
    losses.push({ what, lost, pauseMs, completeMs: untilMs - fromMs, asked })
  }
  return losses
}
