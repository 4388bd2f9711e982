/** Passes on what happens in one part of a process to others, which it need not know. */
export interface Listeners<T> {
  /** The returned function takes it away again. */
  add(listener: (value: T) => void): () => void
  notify(value: T): void
}

export function createListeners<T = void>(): Listeners<T> {
  const listeners = new Set<(value: T) => void>()
  return {
    add: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    notify: (value) => {
      for (const listener of listeners) listener(value)
    },
  }
}
