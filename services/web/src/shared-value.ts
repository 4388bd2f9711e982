import { useSyncExternalStore } from 'react'

export interface SharedValue<T> {
  get(): T
  set(value: T): void
  /** For a component, which is drawn again when it changes. */
  use(): T
}

/** A value of the page that parts far from each other show and change. */
export function createSharedValue<T>(initial: T): SharedValue<T> {
  let value = initial
  const listeners = new Set<() => void>()
  const get = () => value
  function listen(listener: () => void): () => void {
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  }
  return {
    get,
    set(next) {
      value = next
      for (const listener of listeners) listener()
    },
    use: () => useSyncExternalStore(listen, get),
  }
}
