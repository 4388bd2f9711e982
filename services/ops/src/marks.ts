import type { Mark } from '@lepton/contracts/figures'

const KEPT = 1_000

export interface Marks {
  add(mark: Pick<Mark, 'kind' | 'name' | 'what'> & Partial<Pick<Mark, 'who' | 'reason'>>): void
  /** Newest first. */
  latest(count: number): Mark[]
  /** Those after an id, oldest first; undefined where it is not known any more. */
  after(id: string): Mark[] | undefined
  subscribe(listener: (mark: Mark) => void): () => void
}

/** What happened to processes, and what operators did, since this process started. Ids begin with its boot. */
export function createMarks(boot: string): Marks {
  const kept: Mark[] = []
  const listeners = new Set<(mark: Mark) => void>()
  let count = 0
  return {
    add({ kind, name, what, who = null, reason = null }) {
      count += 1
      const mark = { id: `${boot}.${count}`, at: new Date().toISOString(), kind, name, what, who, reason }
      kept.push(mark)
      if (kept.length > KEPT) kept.shift()
      for (const listener of listeners) listener(mark)
    },
    latest: (most) => kept.slice(-most).toReversed(),
    after(id) {
      if (id === `${boot}.0`) return [...kept]
      const index = kept.findIndex((mark) => mark.id === id)
      return index === -1 ? undefined : kept.slice(index + 1)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
