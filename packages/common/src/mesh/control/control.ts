import { join } from 'node:path'
import { z } from 'zod'
import { newId } from '../../runtime/id.ts'
import type { Log } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import type { ConsulClient, KeyValue } from '../consul.ts'
import { createKeptFile } from '../kept-file.ts'
import { type LongPollSettings, startLongPoll } from '../long-poll.ts'
import { parseSetting, type ProcessSetting, type TargetTraffic, trafficOf } from './traffic.ts'

export interface ControlSettings extends LongPollSettings {
  /** Where the settings are in Consul's KV. */
  prefix: string
  waitS: number
  /** Settings that were last read before this are not started with. */
  lastKnownMaxAgeMs: number
}

export const controlDefaults: ControlSettings = {
  prefix: 'lepton/mesh/',
  waitS: 55,
  lastKnownMaxAgeMs: 24 * 3600 * 1000,
  rate: { burst: 10, refillMs: 200 },
  errorBackoff: { baseMs: 200, maxMs: 10_000 },
}

export interface Change {
  who: string
  why: string
}

/** The control plane: settings of the traffic, read from Consul's KV and changed while everything runs. */
export interface Control {
  /** What a target is called with; of a caller that is this process unless said. */
  traffic(target: string, caller?: string): TargetTraffic
  /** What processes of this caller's service change about themselves. */
  own(): ProcessSetting
  /** Values that were refused, by key: the last good one of each stays. */
  faults(): ReadonlyMap<string, string>
  /** Every setting that is in force, by its key. */
  values(): ReadonlyMap<string, object>
  /** The latest changes, newest first. */
  changes(): readonly Changed[]
  subscribe(listener: () => void): () => void
  /** Settles with the first answer of Consul, or with the first failure and what a file remembers. */
  ready: Promise<void>
  get(key: string): Promise<string | undefined>
  /**
   * Checks and writes one setting, and notes who did it and why. Every process applies it within a second, and has the note
   * among its `changes` a moment later.
   *
   * @param value undefined deletes it
   * @throws Error for a key or a value that is none, and when another change came in between
   */
  set(key: string, value: object | undefined, change: Change): Promise<Changed>
  /** Takes the last change of a key back. @throws Error where there is none */
  undo(key: string, change: Change): Promise<Changed>
  close(): Promise<void>
}

/** Another change came in between: what was to be changed is not what was seen. */
export class SettingContended extends Error {}

/** One change, as it is kept: what was there before, and what is there since. */
export interface Changed extends Change {
  key: string
  before: string | null
  after: string | null
  at: string
}

/** So many changes are kept: every process reads them with the settings. */
const MAX_CHANGES = 200
const TRAIL = 'audit/'

const LastSettings = z.object({ settings: z.record(z.string(), z.unknown()) })

export function createControl({
  consul,
  caller,
  stateDir,
  log,
  metrics,
  settings: given,
  now = () => performance.now(),
  date = () => new Date(),
  random = Math.random,
}: {
  consul: ConsulClient
  /** The service that calls: settings of pairs are looked up by it. */
  caller: string
  /** Where the last settings are kept, for a start while Consul is away; without it, they are not. */
  stateDir?: string
  log: Log
  metrics: Metrics
  settings?: Partial<ControlSettings>
  now?: () => number
  date?: () => Date
  random?: () => number
}): Control {
  const settings = { ...controlDefaults, ...given }
  const values = new Map<string, object>()
  const faults = new Map<string, string>()
  let changes: readonly Changed[] = []
  const listeners = new Set<() => void>()
  const { promise: ready, resolve } = Promise.withResolvers<void>()
  let isFailing = false
  metrics.gauge({
    name: 'mesh_settings_refused',
    help: 'Settings in Consul that cannot be used; the last good value of each stays',
    collect: (gauge) => gauge.set(faults.size),
  })

  function apply(entries: readonly Pick<KeyValue, 'key' | 'value'>[]): void {
    const read = entries.map(({ key, value }) => ({ key: key.slice(settings.prefix.length), value }))
    changes = changesIn(read.filter(({ key }) => key.startsWith(TRAIL)))
    const there = new Map(read.filter(({ key }) => !key.startsWith(TRAIL)).map((one) => [one.key, one.value]))
    for (const key of values.keys()) if (!there.has(key)) values.delete(key)
    faults.clear()
    for (const [key, text] of there) {
      try {
        values.set(key, parseSetting(key, text))
      } catch (error) {
        faults.set(key, (error as Error).message)
        log.warn({ setting: key, err: error }, 'a setting is refused; its last good value stays')
      }
    }
    for (const listener of listeners) listener()
  }

  let isAnswered = false
  const path = stateDir && join(stateDir, `settings-${encodeURIComponent(settings.prefix)}.json`)
  const onError = (error: unknown) => log.warn({ err: error }, 'cannot save the settings of the mesh')
  const file = path ? createKeptFile({ path, schema: LastSettings, onError, now, date }) : undefined

  async function useRemembered(): Promise<void> {
    const last = await file?.load(settings.lastKnownMaxAgeMs)
    if (isAnswered || last === undefined) return
    apply(
      Object.entries(last.settings).map(([key, value]) => ({
        key: settings.prefix + key,
        value: JSON.stringify(value),
      })),
    )
  }
  const remembered = useRemembered()

  const poll = startLongPoll<readonly KeyValue[]>({
    settings,
    now,
    random,
    ask: async (index, signal) => {
      const answer = await consul.listKeys(settings.prefix, {
        index,
        waitS: settings.waitS,
        timeoutMs: (settings.waitS * 17 * 1_000) / 16 + 5_000,
        signal,
      })
      return { index: answer.index, value: answer.entries }
    },
    onAnswer: (entries) => {
      if (isFailing) log.info('the settings of the mesh can be read again')
      isFailing = false
      isAnswered = true
      apply(entries)
      // What is in force, not what Consul says: a value that is refused must not hide the last good one.
      file?.keep({ settings: Object.fromEntries(values) })
      resolve()
    },
    onError: (error) => {
      if (!isFailing) log.warn({ err: error }, 'the settings of the mesh cannot be read: the last ones stay')
      isFailing = true
      void remembered.then(resolve)
    },
    onIndexReset: () => undefined,
  })

  async function put(key: string, value: object | undefined, { who, why }: Change): Promise<Changed> {
    const text = value === undefined ? undefined : JSON.stringify(value)
    if (text !== undefined) parseSetting(key, text)
    const before = await consul.readKey(settings.prefix + key)
    const isTaken = await consul.writeKey(settings.prefix + key, text, before?.modifyIndex ?? 0)
    if (!isTaken) throw new SettingContended(`${key} was changed by another in between: look again`)
    const at = new Date().toISOString()
    const entry: Changed = { key, who, why, before: before?.value ?? null, after: text ?? null, at }
    await consul.writeKey(`${settings.prefix}${TRAIL}${at}-${newId()}`, JSON.stringify(entry), 0)
    const surplus = (await trail()).toSorted((a, b) => (a.key < b.key ? -1 : 1)).slice(0, -MAX_CHANGES)
    for (const { key: old, modifyIndex } of surplus) await consul.writeKey(old, undefined, modifyIndex)
    return entry
  }

  async function trail(): Promise<KeyValue[]> {
    const query = { index: 0, waitS: 1, timeoutMs: 5_000 }
    return (await consul.listKeys(settings.prefix + TRAIL, query)).entries
  }

  return {
    ready,
    traffic: (target, of = caller) => trafficOf(values, of, target),
    own: () => values.get(`processes/${caller}`) ?? {},
    faults: () => faults,
    values: () => values,
    changes: () => changes,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    get: async (key) => (await consul.readKey(settings.prefix + key))?.value,
    set: put,
    async undo(key, change) {
      const last = changesIn(await trail()).find((one) => one.key === key)
      if (last === undefined) throw new Error(`${key} was never changed`)
      return put(key, last.before === null ? undefined : (JSON.parse(last.before) as object), change)
    },
    async close() {
      await poll.close()
      await remembered
      await file?.settled()
    },
  }
}

/** Newest first; what cannot be read is left out. */
function changesIn(entries: readonly { value: string }[]): Changed[] {
  return entries
    .flatMap(({ value }) => {
      try {
        return [JSON.parse(value) as Changed]
      } catch {
        return []
      }
    })
    .sort((a, b) => (a.at < b.at ? 1 : -1))
}
