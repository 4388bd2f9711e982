/** Passes on what happens in one part of a process to others, which it need not know. */
export interface Listeners<T> {
  add(listener: (value: T) => void): void
  notify(value: T): void
}

export function createListeners<T = void>(): Listeners<T> {
  const listeners: ((value: T) => void)[] = []
  return {
    add: (listener) => void listeners.push(listener),
    notify: (value) => {
      for (const listener of listeners) listener(value)
    },
  }
}
