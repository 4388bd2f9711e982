/** Numbers that a seed decides: the same seed gives the same run of them, on every machine. */
export interface Random {
  /** At least 0, below 1. */
  next(): number
  /** A whole number of the range, both ends included. */
  int(min: number, max: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  /** One of the table's values, each as likely as its weight. */
  weighted<T>(table: readonly (readonly [weight: number, value: T])[]): T
  uuid(): string
  /** A run of its own, so that one user of numbers does not move another's. */
  fork(name: string): Random
}

/** Mulberry32: 32 bits of state are plenty for a schedule. */
export function createRandom(seed: number | string): Random {
  let state = typeof seed === 'number' ? seed >>> 0 : hash(seed)

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  const hex = (digits: number) => Array.from({ length: digits }, () => int(0, 15).toString(16)).join('')
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick: (items) => items[int(0, items.length - 1)]!,
    weighted: (table) => {
      let left = next() * table.reduce((sum, [weight]) => sum + weight, 0)
      return (table.find(([weight]) => (left -= weight) < 0) ?? table.at(-1)!)[1]
    },
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`,
    fork: (name) => createRandom(`${seed}/${name}`),
  }
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const char of text) value = Math.imul(value ^ char.codePointAt(0)!, 0x01000193)
  return value >>> 0
}
