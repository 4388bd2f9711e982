import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Broker, BrokerRecord, Delivery, OutgoingRecord, SubscribeOptions } from '@lepton/events/broker'

export interface FakeBrokerSettings {
  partitions?: number
  /** How often each record is delivered at least: twice, unless a test asks for another number. */
  deliveries?: number
  batchSize?: number
}

export interface AppendedRecord extends OutgoingRecord {
  partition: number
  offset: number
}

export interface FakeBroker extends Broker {
  /** Every record of a topic (or of all) in the order it was appended. */
  records(topic?: string): AppendedRecord[]
  /** The next sends fail; `afterAppend`: the records are on the log all the same, as with a lost answer. */
  failSends(times: number, options?: { afterAppend?: boolean }): void
  /**
   * Takes in records that match without appending them until `release` is called: other keys and
   * topics overtake them. What matches must hold whole keys, or a key would lose its order.
   */
  hold(matches: (record: OutgoingRecord) => boolean): { release(): void; held(): number }
  /** Whether everything on the log was delivered and worked on. Held records do not count. */
  isIdle(): boolean
  openSubscribers(): number
}

interface Member extends SubscribeOptions {
  places: Set<string>
  atWork: Map<string, Promise<void>>
  isStopping: boolean
}

interface Group {
  members: Member[]
  done: Map<string, number>
  paused: Map<string, NodeJS.Timeout>
}

interface Hold {
  matches: (record: OutgoingRecord) => boolean
  records: OutgoingRecord[]
}

/**
 * A broker in memory that is as unkind as Kafka may be: it delivers everything twice, changes the order
 * of keys within a send, and lets the member that lost a partition go on beside the one that got it.
 */
export function createFakeBroker({
  partitions = 12,
  deliveries = 2,
  batchSize = 100,
}: FakeBrokerSettings = {}): FakeBroker {
  const logs = new Map<string, (BrokerRecord & { appended: AppendedRecord })[]>()
  const order: AppendedRecord[] = []
  const groups = new Map<string, Group>()
  const holds = new Set<Hold>()
  let failing = { times: 0, afterAppend: false }
  let isClosed = false

  function append(records: readonly OutgoingRecord[]): void {
    for (const record of records) {
      const hold = [...holds].find(({ matches }) => matches(record))
      if (hold === undefined) appendOne(record)
      else hold.records.push(record)
    }
    for (const group of groups.values()) pump(group)
  }

  function appendOne(record: OutgoingRecord): void {
    const partition = partitionOf(record.key, partitions)
    const log = logOf(placeOf(record.topic, partition))
    const { key, headers, value } = record
    const appended = { ...record, partition, offset: log.length }
    order.push(appended)
    log.push({
      key,
      headers: { ...headers },
      value: Buffer.from(value),
      offset: String(log.length),
      timestampMs: Date.now(),
      appended,
    })
  }

  function logOf(place: string) {
    const log = logs.get(place) ?? []
    logs.set(place, log)
    return log
  }

  function pump(group: Group): void {
    for (const member of group.members) {
      for (const place of member.places) {
        if (member.isStopping || member.atWork.size >= member.concurrency) break
        const isWaiting = logOf(place).length > (group.done.get(place) ?? 0)
        if (!isWaiting || member.atWork.has(place) || group.paused.has(place)) continue
        const work = deliver(group, member, place).finally(() => {
          member.atWork.delete(place)
          pump(group)
        })
        member.atWork.set(place, work)
      }
    }
  }

  async function deliver(group: Group, member: Member, place: string): Promise<void> {
    await nextTurn()
    const [topic, partition] = place.split('/') as [string, string]
    const from = group.done.get(place) ?? 0
    const records = logOf(place).slice(from, from + batchSize)
    const delivery: Delivery = {
      topic,
      topicId: 'fake',
      partition: Number(partition),
      records: records.map(({ appended: _appended, ...record }) => record),
      lag: logOf(place).length - from - records.length,
      isCurrent: () => !member.isStopping && member.places.has(place),
      done: async (offset) => {
        if (member.places.has(place)) {
          group.done.set(place, Math.max(group.done.get(place) ?? 0, Number(offset) + 1))
        }
        await nextTurn()
      },
      pauseFor: (ms) => {
        clearTimeout(group.paused.get(place))
        const resume = () => {
          group.paused.delete(place)
          pump(group)
        }
        group.paused.set(place, setTimeout(resume, ms))
      },
    }
    const end = from + records.length
    for (let time = 0; time < deliveries; time++) {
      await member.onDelivery(delivery)
      if (!delivery.isCurrent() || group.paused.has(place) || (group.done.get(place) ?? 0) < end) return
    }
  }

  /** Every member gets a new share and forgets its pauses; what the loser of a partition is at goes on, as a zombie. */
  function rebalance(group: Group): void {
    for (const member of group.members) member.places.clear()
    for (const [place, timer] of group.paused) {
      clearTimeout(timer)
      group.paused.delete(place)
    }
    const topics = new Set(group.members.flatMap((member) => member.topics))
    for (const topic of topics) {
      const members = group.members.filter((member) => member.topics.includes(topic))
      for (let partition = 0; partition < partitions; partition++) {
        members[partition % members.length]?.places.add(placeOf(topic, partition))
      }
    }
    pump(group)
  }

  return {
    send: async (records) => {
      await nextTurn()
      if (isClosed) throw new Error('the broker is closed')
      const { times, afterAppend } = failing
      if (times > 0) failing = { times: times - 1, afterAppend }
      if (times === 0 || afterAppend) append(keysReversed(records))
      if (times > 0) throw new Error('the broker did not answer')
    },
    subscribe: (options) => {
      const member: Member = { ...options, places: new Set(), atWork: new Map(), isStopping: false }
      const group: Group = groups.get(options.group) ?? { members: [], done: new Map(), paused: new Map() }
      groups.set(options.group, group)
      group.members.push(member)
      rebalance(group)
      return {
        progress: () => ({ isAssigned: true, fetchedAtMs: performance.now(), stalledSinceMs: undefined }),
        stop: async () => {
          if (member.isStopping) return
          member.isStopping = true
          await Promise.all(member.atWork.values())
          group.members.splice(group.members.indexOf(member), 1)
          rebalance(group)
        },
      }
    },
    probe: () => Promise.resolve(),
    close: () => {
      isClosed = true
      for (const { paused } of groups.values()) for (const timer of paused.values()) clearTimeout(timer)
      return Promise.resolve()
    },
    records: (topic) => order.filter((record) => topic === undefined || record.topic === topic),
    failSends: (times, { afterAppend = false } = {}) => {
      failing = { times, afterAppend }
    },
    hold: (matches) => {
      const hold: Hold = { matches, records: [] }
      holds.add(hold)
      return {
        held: () => hold.records.length,
        release: () => {
          holds.delete(hold)
          append(hold.records.splice(0))
        },
      }
    },
    isIdle: () =>
      [...groups.values()].every(({ members, done, paused }) => {
        if (members.some(({ atWork }) => atWork.size > 0) || paused.size > 0) return false
        return members.every(({ places }) =>
          [...places].every((place) => (done.get(place) ?? 0) >= logOf(place).length),
        )
      }),
    openSubscribers: () => [...groups.values()].reduce((sum, { members }) => sum + members.length, 0),
  }
}

function placeOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}

/** Keeps the order of each key and turns the order of the keys around: no consumer may rely on it. */
function keysReversed(records: readonly OutgoingRecord[]): OutgoingRecord[] {
  return [...Map.groupBy(records, ({ topic, key }) => `${topic} ${key}`).values()].reverse().flat()
}

/** FNV-1a: as with Kafka's murmur2, a key always falls into the same partition. */
function partitionOf(key: string, partitions: number): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(key)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0) % partitions
}
