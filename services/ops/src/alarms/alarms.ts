import type { Control } from '@lepton/common/mesh/control/control'
import type { AlarmSetting } from '@lepton/common/mesh/control/traffic'
import type { Log } from '@lepton/common/runtime/log'
import type { Alarm, AlarmEvent, Alarms as View } from '@lepton/contracts/alarms'
import { judge, keyOf, type Limits, nearestFirst, say, type Watched, worstFirst } from './judge.ts'
import type { AlarmLog } from './log.ts'
import { createRecorder } from './recorder.ts'
import type { Around } from './readings.ts'
import { type AlarmDefinition, ALARMS } from './table.ts'
import type { Webhook } from './webhook.ts'

const MAX_LINES = 20
/** Looks between two readings of what other instances have recorded. */
const REFRESH_EVERY = 5

export interface Alarms {
  /** One look at every figure: states change, and what is raised or cleared is recorded and delivered. */
  look(around: Around): Promise<void>
  view(): Pick<View, 'items' | 'history' | 'is_history_kept' | 'webhook'>
  one(name: string): Alarm | undefined
}

export interface AlarmDeps {
  control: Pick<Control, 'values'>
  history: AlarmLog
  webhook: Webhook | undefined
  log: Log
  onChange: (event: AlarmEvent) => void
  table?: readonly AlarmDefinition[]
  now?: () => number
}

export function createAlarms({
  control,
  history,
  webhook,
  log,
  onChange,
  table = ALARMS,
  now = Date.now,
}: AlarmDeps): Alarms {
  const watched = new Map<string, ReadonlyMap<string, Watched>>()
  let looks = 0

  const settingOf = (name: string) => (control.values().get(`alarms/${name}`) ?? {}) as AlarmSetting
  function limitsOf({ name, over, ...usual }: AlarmDefinition): Limits {
    const { threshold = usual.threshold, for_s = usual.for_s } = settingOf(name)
    return { threshold, for_s, over }
  }
  const isSilent = (name: string) => Date.parse(settingOf(name).silent_until ?? '') > now()

  const recorder = createRecorder(history, log, (event) => {
    onChange(event)
    if (!isSilent(event.name)) webhook?.send(event)
  })

  function lookAt(definition: AlarmDefinition, around: Around): void {
    const { name, readings } = definition
    if (readings === undefined) return
    const before = watched.get(name)
    const limits = limitsOf(definition)
    const after = new Map<string, Watched>()
    for (const reading of readings(around)) {
      const key = keyOf(name, reading.labels)
      const known = before?.get(key) ?? remembered(key, reading.labels)
      const line = judge(key, known, reading, limits, now())
      after.set(key, line)
      const wasRaised = (known?.raised_at ?? null) !== null
      if (wasRaised !== (line.raised_at !== null)) change(definition, line, limits)
    }
    for (const [key, line] of before ?? [])
      if (!after.has(key) && line.raised_at !== null)
        change(definition, { ...line, value: null, raised_at: null }, limits)
    watched.set(name, after)
  }

  /** What was raised before this process began is not raised again. */
  function remembered(key: string, labels: Record<string, string>): Watched | undefined {
    const raised_at = history.raisedAt(key)
    if (raised_at === undefined) return undefined
    const passedAtMs = Date.parse(raised_at)
    return { key, labels, value: null, state: 'firing', since: raised_at, raised_at, passedAtMs }
  }

  function change(definition: AlarmDefinition, line: Watched, { threshold }: Limits): void {
    const { name, severity } = definition
    const { labels, value } = line
    const kind = line.raised_at === null ? 'cleared' : 'raised'
    const what = say(definition, line)
    const at = new Date(now()).toISOString()
    recorder.add({ at, kind, name, labels, severity, what, value, threshold })
  }

  function viewOf(definition: AlarmDefinition): Alarm {
    const { name, words, severity, unit, over, readings } = definition
    const lines = worstFirst(nearestFirst([...(watched.get(name)?.values() ?? [])], over))
    const { threshold, for_s } = limitsOf(definition)
    return {
      ...{ name, words, severity, unit, over, threshold, for_s },
      default_threshold: definition.threshold,
      default_for_s: definition.for_s,
      state: readings === undefined ? 'elsewhere' : (lines[0]?.state ?? 'no_data'),
      silent_until: isSilent(name) ? settingOf(name).silent_until! : null,
      lines: lines
        .slice(0, MAX_LINES)
        .map(({ labels, value, state, since, raised_at }) => ({ labels, value, state, since, raised_at })),
    }
  }

  return {
    async look(around) {
      if (looks % REFRESH_EVERY === 0)
        await history
          .refresh()
          .catch((error: unknown) => log.debug({ err: error }, 'the log of alarms cannot be read'))
      looks += 1
      for (const definition of table) lookAt(definition, around)
      await recorder.record()
    },
    view: () => ({
      items: worstFirst(table.map(viewOf)),
      history: [...recorder.waiting(), ...history.history()],
      is_history_kept: recorder.isKept(),
      webhook: webhook?.view() ?? null,
    }),
    one(name) {
      const definition = table.find((entry) => entry.name === name)
      return definition && viewOf(definition)
    },
  }
}
