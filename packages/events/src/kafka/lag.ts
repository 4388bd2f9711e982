import kafkajs, { type Admin, type GroupDescription } from 'kafkajs'
import type { Log } from '@lepton/common/runtime/log'
import { createKafka, type KafkaSettings } from './client.ts'

/** A group, and the topics whose end it should reach. */
export interface ReadingGroup {
  group: string
  topics: readonly string[]
}

export interface PartitionLag {
  group: string
  topic: string
  partition: number
  /** Where the log ends, and where the group would go on; its first record where it has never committed. */
  end: number
  committed: number
  /** The member that reads it; null where none does. */
  owner: string | null
}

export interface LagReader {
  /** As the broker knows it, also of groups without a living member. @throws where it does not answer */
  read(groups: readonly ReadingGroup[]): Promise<PartitionLag[]>
  close(): Promise<void>
}

/** Looks at groups from outside. It joins none and commits nothing. */
export function createLagReader(settings: KafkaSettings, log: Log): LagReader {
  const kafka = createKafka({ ...settings, retries: 0 }, log)
  let connected: Promise<Admin> | undefined

  function connect(): Promise<Admin> {
    if (connected !== undefined) return connected
    const admin = kafka.admin({ retry: { retries: 0 } })
    connected = admin.connect().then(() => admin)
    return connected
  }

  async function forget(): Promise<void> {
    const before = connected
    connected = undefined
    await before
      ?.then((admin) => admin.disconnect())
      .catch((error: unknown) => {
        log.debug({ err: error }, 'the connection that reads lags was gone')
      })
  }

  async function readAll(admin: Admin, groups: readonly ReadingGroup[]): Promise<PartitionLag[]> {
    const topics = [...new Set(groups.flatMap((one) => one.topics))]
    // kafkajs learns from it which brokers there are.
    await admin.fetchTopicMetadata({ topics })
    const [{ groups: described }, ...committed] = await Promise.all([
      admin.describeGroups(groups.map(({ group }) => group)),
      ...groups.map(({ group, topics: ofGroup }) =>
        admin.fetchOffsets({ groupId: group, topics: [...ofGroup] }),
      ),
    ])
    // After the groups: a group that is read later may be further than the end that is known.
    const ends = await Promise.all(
      topics.map(async (topic) => [topic, await admin.fetchTopicOffsets(topic)] as const),
    )
    const offsets = new Map(ends)
    return groups.flatMap(({ group }, index) => {
      const owners = ownersIn(described.find(({ groupId }) => groupId === group))
      return committed[index]!.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, offset }) => {
          const place = offsets.get(topic)?.find((one) => one.partition === partition)
          const [end, low] = [Number(place?.offset ?? 0), Number(place?.low ?? 0)]
          // A group that has never committed begins at the first record; one of a log that was wiped, too.
          const at = Number(offset) < 0 || Number(offset) > end ? low : Number(offset)
          const owner = owners.get(`${topic} ${partition}`) ?? null
          return { group, topic, partition, end, committed: Math.max(low, at), owner }
        }),
      )
    })
  }

  return {
    async read(groups) {
      try {
        return await readAll(await connect(), groups)
      } catch (error) {
        await forget()
        throw error
      }
    },
    close: forget,
  }
}

function ownersIn(group: GroupDescription | undefined): Map<string, string> {
  const pairs = (group?.members ?? []).flatMap(({ clientId, memberAssignment }) => {
    // While a group rebalances, a member has none.
    if (memberAssignment.length === 0) return []
    const assigned = kafkajs.AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment ?? {}
    return Object.entries(assigned).flatMap(([topic, partitions]) =>
      partitions.map((partition): [string, string] => [`${topic} ${partition}`, clientId]),
    )
  })
  return new Map(pairs)
}
