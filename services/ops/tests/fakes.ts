import type { KeyValue } from '@lepton/common/mesh/consul'
import { type Changed, type Control, SettingContended } from '@lepton/common/mesh/control/control'
import { parseSetting } from '@lepton/common/mesh/control/traffic'

/** Consul's keys in memory; `isAway` is an outage of it. */
export function createKeys() {
  const keys = new Map<string, KeyValue>()
  let index = 0
  const state = { isAway: false }
  const reach = () => (state.isAway ? Promise.reject(new Error('connect ECONNREFUSED')) : Promise.resolve())
  return {
    state,
    keys,
    readKey: async (key: string) => {
      await reach()
      return keys.get(key)
    },
    writeKey: async (key: string, value: string | undefined, modifyIndex: number) => {
      await reach()
      if ((keys.get(key)?.modifyIndex ?? 0) !== modifyIndex) return false
      if (value === undefined) keys.delete(key)
      else keys.set(key, { key, value, modifyIndex: ++index })
      return true
    },
  }
}

/** The control plane of one process, without Consul. */
export function createFakeControl() {
  const values = new Map<string, object>()
  const changes: Changed[] = []
  const listeners = new Set<() => void>()
  const state = { isAway: false, isContended: false }
  const control = {
    state,
    values: () => values,
    changes: () => changes,
    subscribe: (listener: () => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    get: (key: string) => {
      if (state.isAway) return Promise.reject(new Error('connect ECONNREFUSED'))
      const value = values.get(key)
      return Promise.resolve(value && JSON.stringify(value))
    },
    set: (key: string, value: object | undefined, change: { who: string; why: string }) => {
      if (state.isContended) return Promise.reject(new SettingContended(`${key} was changed by another`))
      const before = values.get(key)
      if (value === undefined) values.delete(key)
      else values.set(key, parseSetting(key, JSON.stringify(value)))
      const [was, is] = [before, value].map((one) => (one === undefined ? null : JSON.stringify(one)))
      changes.unshift({ key, ...change, before: was!, after: is!, at: new Date().toISOString() })
      for (const listener of listeners) listener()
      return Promise.resolve()
    },
    undo: (key: string, change: { who: string; why: string }) => {
      const before = changes.find((one) => one.key === key)?.before ?? null
      return control.set(key, before === null ? undefined : (JSON.parse(before) as object), change)
    },
    faults: () => new Map<string, string>(),
  }
  return control as typeof control & Control
}
