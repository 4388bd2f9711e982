import type { ConsulClient } from '@lepton/common/mesh/consul'
import type { Log } from '@lepton/common/runtime/log'
import { AlarmEvent } from '@lepton/contracts/alarms'
import { z } from 'zod'
import { keyOf } from './judge.ts'

/** Beside the settings of the mesh, not below them: every process reads those. */
const KEY = 'lepton/alarms/log'
/** 50 KB: a value of Consul's may have ten times that. */
const MAX_EVENTS = 200
const MAX_TRIES = 5

const Kept = z.object({
  events: z.array(AlarmEvent),
  /** What is raised now, and since when. */
  raised: z.record(z.string(), z.string()),
})
type Kept = z.infer<typeof Kept>

export interface AlarmLog {
  /** Reads what was kept, also by another instance of this service. */
  refresh(): Promise<void>
  /** Newest first. */
  history(): AlarmEvent[]
  raisedAt(key: string): string | undefined
  /** False where another instance has recorded it. @throws where Consul does not answer */
  write(event: AlarmEvent): Promise<boolean>
}

/** What was raised and cleared, in one value in Consul, so that it survives this process and is recorded once. */
export function createAlarmLog(consul: Pick<ConsulClient, 'readKey' | 'writeKey'>, log: Log): AlarmLog {
  let kept: Kept = { events: [], raised: {} }

  async function read(): Promise<number> {
    const found = await consul.readKey(KEY)
    if (found !== undefined) kept = parse(found.value, log) ?? kept
    return found?.modifyIndex ?? 0
  }

  return {
    refresh: async () => {
      await read()
    },
    history: () => kept.events.toReversed(),
    raisedAt: (key) => kept.raised[key],
    async write(event) {
      const key = keyOf(event.name, event.labels)
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const modifyIndex = await read()
        if ((event.kind === 'raised') === key in kept.raised) return false
        const next = add(kept, key, event)
        if (await consul.writeKey(KEY, JSON.stringify(next), modifyIndex)) {
          kept = next
          return true
        }
      }
      throw new Error('other instances write the log of alarms all the time')
    },
  }
}

function add({ events, raised }: Kept, key: string, event: AlarmEvent): Kept {
  const { [key]: _, ...others } = raised
  return {
    events: [...events, event].slice(-MAX_EVENTS),
    raised: event.kind === 'raised' ? { ...others, [key]: event.at } : others,
  }
}

function parse(text: string, log: Log): Kept | undefined {
  try {
    return Kept.parse(JSON.parse(text))
  } catch (error) {
    log.warn({ err: error }, 'the log of alarms cannot be read: it begins again')
    return undefined
  }
}
