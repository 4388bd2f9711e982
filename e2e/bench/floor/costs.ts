import type { Shop } from '@lepton/local/shop-types'
import { DATABASE_OWNERS } from '@lepton/setup/services'
import { askDatabase } from '../../chaos/collect/ask-database.ts'
import { opsListeners } from '../../hostile/listeners.ts'
import { cpuSecondsWhole, processesOf, sum, wakeUps } from '../processes.ts'

/** What has been used up to an instant, by process: CPU (s) and times it was woken; and over all, what it was used for. */
export interface Costs {
  cpuS: Map<string, number>
  wakeUps: Map<string, number>
  transactions: number
  kafkaRequests: Map<string, number>
}

/** @param others processes that are no part of the shop, by name */
export async function costsOf(shop: Shop, others: Readonly<Record<string, number>>): Promise<Costs> {
  const processes = [
    ...processesOf(shop),
    ...Object.entries(others).map(([name, pid]) => ({ name, pids: [pid] })),
  ]
  const by = (measure: (pid: number) => number) =>
    new Map(processes.map(({ name, pids }) => [name, sum(pids, measure)]))
  return {
    cpuS: by(cpuSecondsWhole),
    wakeUps: by(wakeUps),
    transactions: await transactionsOf(shop),
    kafkaRequests: await kafkaRequestsOf(shop),
  }
}

/** In the databases of the shop; what asks for it is one of them. */
function transactionsOf(shop: Shop): Promise<number> {
  return askDatabase(shop.databaseUrl('order'), async (ask) => {
    const [row] = await ask<{ count: number }>(
      `select sum(xact_commit + xact_rollback)::int8 as count from pg_stat_database where datname = any ($1)`,
      [DATABASE_OWNERS.map((owner) => new URL(shop.databaseUrl(owner)).pathname.slice(1))],
    )
    return row!.count
  })
}

/** By the names of Kafka's protocol, over all processes. */
async function kafkaRequestsOf(shop: Shop): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const listener of await opsListeners(shop.urls.consul)) {
    const page = await (await fetch(`${listener}/metrics`)).text()
    for (const [, api = '', count] of page.matchAll(
      /^messaging_client_requests_total\{[^}]*api="(\w+)"[^}]*\} (\d+)/gm,
    ))
      counts.set(api, (counts.get(api) ?? 0) + Number(count))
  }
  return counts
}

export const total = (values: ReadonlyMap<string, number>): number =>
  [...values.values()].reduce((all, one) => all + one, 0)

/** What was used between two instants, what would have been used without work taken off. */
export function used(before: Costs, after: Costs, idle: Costs | undefined, share: number): Costs {
  const minus = (of: (costs: Costs) => ReadonlyMap<string, number>) =>
    new Map(
      [...of(after)].map(([name, value]) => [
        name,
        value - (of(before).get(name) ?? 0) - (idle === undefined ? 0 : (of(idle).get(name) ?? 0) * share),
      ]),
    )
  return {
    cpuS: minus(({ cpuS }) => cpuS),
    wakeUps: minus((costs) => costs.wakeUps),
    transactions: after.transactions - before.transactions - (idle?.transactions ?? 0) * share,
    kafkaRequests: minus(({ kafkaRequests }) => kafkaRequests),
  }
}
