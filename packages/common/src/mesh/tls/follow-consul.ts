import { join } from 'node:path'
import type { z } from 'zod'
import type { Log } from '../../runtime/log.ts'
import type { ConsulClient } from '../consul.ts'
import { createKeptFile, type KeptFile } from '../kept-file.ts'
import { type LongPollSettings, startLongPoll } from '../long-poll.ts'

export interface FollowSettings extends LongPollSettings {
  waitS: number
}

export const followDefaults: FollowSettings = {
  waitS: 55,
  rate: { burst: 5, refillMs: 500 },
  errorBackoff: { baseMs: 200, maxMs: 10_000 },
}

/** Follows what Consul answers at a path; while it cannot be asked, or answers something else, nothing changes. */
export function followConsul<T>({
  consul,
  log,
  settings,
  what,
  path,
  schema,
  onAnswer,
  onError = () => undefined,
}: {
  consul: ConsulClient
  log: Log
  settings: FollowSettings
  /** For the log. */
  what: string
  path: string
  schema: z.ZodType<T>
  onAnswer: (answer: T) => void
  onError?: () => void
}): { close(): Promise<void> } {
  let isFailing = false
  return startLongPoll<T>({
    settings,
    now: () => performance.now(),
    random: Math.random,
    ask: async (index, signal) => {
      const query = {
        index,
        waitS: settings.waitS,
        timeoutMs: (settings.waitS * 17 * 1_000) / 16 + 5_000,
        signal,
      }
      const answer = await consul.ask(path, query)
      return { index: answer.index, value: schema.parse(answer.content) }
    },
    onAnswer: (answer) => {
      if (isFailing) log.info({ what }, 'Consul answers again')
      isFailing = false
      onAnswer(answer)
    },
    onError: (error) => {
      if (!isFailing) log.warn({ err: error, what }, 'Consul does not answer: going on with what is known')
      isFailing = true
      onError()
    },
    onIndexReset: () => undefined,
  })
}

/** What was followed, for a start while Consul is away. */
export function keptFor<T extends object>(
  stateDir: string,
  name: string,
  { schema, mode, log }: { schema: z.ZodType<T>; mode?: number; log: Log },
): KeptFile<T> {
  return createKeptFile({
    path: join(stateDir, `${encodeURIComponent(name)}.json`),
    schema,
    ...(mode !== undefined && { mode }),
    onError: (error) => log.warn({ err: error, what: name }, 'cannot save what Consul said'),
    now: () => performance.now(),
    date: () => new Date(),
  })
}
