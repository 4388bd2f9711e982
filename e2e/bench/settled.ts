import { createKafka } from '@lepton/events/kafka/client'
import { createLog } from '@lepton/common/runtime/log'
import { FINAL_STATUSES } from '@lepton/contracts/statuses'
import { SUBSCRIPTIONS } from '@lepton/contracts/topics'
import type { Shop } from '@lepton/local/shop-types'
import { DATABASE_OWNERS } from '@lepton/setup/services'
import { askDatabase } from '../chaos/collect/ask-database.ts'

const silent = createLog({ service: 'bench', instance: 'bench', level: 'silent' })
const GROUPS = Object.keys(SUBSCRIPTIONS)

export interface Member {
  group: string
  /** The name of the instance. */
  instance: string
  id: string
}

/** Who consumes; undefined while a group rebalances. */
export async function membersOf(shop: Shop): Promise<Member[] | undefined> {
  const kafka = createKafka({ ...shop.kafka, clientId: 'bench-look', retries: 2 }, silent)
  const admin = kafka.admin()
  try {
    await admin.connect()
    const { groups } = await admin.describeGroups(GROUPS)
    if (groups.some(({ state }) => state !== 'Stable')) return undefined
    return groups.flatMap(({ groupId, members }) =>
      members.map(({ clientId, memberId }) => ({ group: groupId, instance: clientId, id: memberId })),
    )
  } finally {
    await admin.disconnect()
  }
}

/**
 * Whether a shop that is ordered from all the time has left a fault behind: every process that is not paused is ready, every group
 * consists of the instances that run (and of none that is `gone`), nothing waits, and orders are completed.
 */
export async function isSettled(shop: Shop, gone: readonly Member[]): Promise<boolean> {
  const instances = shop.instances().filter(({ status }) => status !== 'paused')
  if (![...shop.servers(), ...instances].every(({ status }) => status === 'ready')) return false
  const members = await membersOf(shop)
  if (members === undefined || members.some(({ id }) => gone.some((member) => member.id === id))) return false
  const consuming = new Set(members.map(({ instance }) => instance))
  const expected = instances.filter(({ service }) => GROUPS.includes(service))
  if (members.length !== expected.length || expected.some(({ instance }) => !consuming.has(instance)))
    return false
  const waiting = await Promise.all(DATABASE_OWNERS.map((owner) => hasOldPending(shop.databaseUrl(owner))))
  return !waiting.includes(true) && (await completesOrders(shop.databaseUrl('order')))
}

function hasOldPending(url: string): Promise<boolean> {
  return askDatabase(url, async (ask) => {
    const rows = await ask(`select from outbox_pending where created_at < now() - interval '1 s' limit 1`)
    return rows.length > 0
  })
}

function completesOrders(url: string): Promise<boolean> {
  return askDatabase(url, async (ask) => {
    const [row] = await ask<{ late: number; done: number }>(
      `select count(*) filter (where created_at < now() - interval '2 s'
           and status <> all ($1)) as late,
         count(*) filter (where created_at > now() - interval '2 s' and status = 'COMPLETED') as done
       from order_stream where created_at > now() - interval '2 minutes'`,
      [FINAL_STATUSES],
    )
    return row!.late === 0 && row!.done > 0
  })
}
