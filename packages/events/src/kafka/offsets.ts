import type { OffsetsByTopicPartition } from 'kafkajs'
import type { Log } from '@lepton/common/runtime/log'

interface Place {
  topic: string
  partition: number
  offset: string
}

/** Commits to the group, once; a group of another generation refuses. */
export type Commit = (offsets: OffsetsByTopicPartition) => Promise<void>

export interface Offsets {
  /** Everything up to `offset` is finished. */
  done(place: Place, commit: Commit): void
  /** The group has a new generation, which begins at the offsets of the group: a broker that came back empty has another log. */
  forget(): void
  close(): Promise<void>
}

/**
 * Commits finished offsets, many in one request. A crash before the commit repeats records, which the
 * inbox drops; one request per chunk would cost more than the chunk itself.
 *
 * What was not taken is committed again only as long as the generation lasts. kafkajs's own `commitOffsets` would try for
 * half a minute and under whatever generation there is then, and so skip records of a log that is not the same.
 */
export function createOffsets(everyMs: number, log: Log): Offsets {
  const finished = new Map<string, Place>()
  let commit: Commit | undefined
  let generation = 0
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  let telling: Promise<void> | undefined

  async function tell(): Promise<void> {
    const places = [...finished]
    if (places.length === 0 || commit === undefined) return
    const begun = generation
    finished.clear()
    try {
      await commit(byTopic(places.map(([, place]) => place)))
    } catch (error) {
      log.debug({ err: error }, 'offsets were not taken; their records may come again and are dropped')
      if (begun !== generation) return
      for (const [name, place] of places) if (!finished.has(name)) finished.set(name, place)
    }
  }

  /** One at a time: an older offset must not come after a newer one. */
  function tellNext(): void {
    timer = undefined
    telling = tell().then(() => {
      telling = undefined
      if (finished.size > 0) plan()
    })
  }

  function plan(): void {
    if (isClosed || telling !== undefined) return
    timer ??= setTimeout(tellNext, everyMs)
  }

  return {
    done: ({ topic, partition, offset }, how) => {
      commit = how
      finished.set(`${topic}/${partition}`, { topic, partition, offset: String(BigInt(offset) + 1n) })
      plan()
    },
    forget: () => {
      generation++
      finished.clear()
    },
    close: async () => {
      isClosed = true
      clearTimeout(timer)
      await telling
      await tell()
    },
  }
}

function byTopic(places: readonly Place[]): OffsetsByTopicPartition {
  return {
    topics: [...Map.groupBy(places, ({ topic }) => topic)].map(([topic, of]) => ({
      topic,
      partitions: of.map(({ partition, offset }) => ({ partition, offset })),
    })),
  }
}
