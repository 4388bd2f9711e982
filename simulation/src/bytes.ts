/** What happens next, one byte at a time. Zeroes follow the last: the first of what is possible, to the end. */
export interface Bytes {
  next(): number
  /** Those that were asked for. */
  taken(): number[]
}

/** A schedule of its own for each run of a seed. */
export function randomBytes(seed: number, run: number, length: number): Bytes {
  // mulberry32: 32 bits of state are plenty for 2^17 schedules, and a call costs nanoseconds.
  let state = (Math.imul(seed, 0x9e3779b1) + Math.imul(run, 0x85ebca6b)) | 0
  const taken: number[] = []
  return {
    next: () => {
      if (taken.length === length) return 0
      state = (state + 0x6d2b79f5) | 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      const byte = (mixed ^ (mixed >>> 14)) & 0xff
      taken.push(byte)
      return byte
    },
    taken: () => taken,
  }
}

export function givenBytes(bytes: ArrayLike<number>): Bytes {
  let position = 0
  return {
    next: () => (position < bytes.length ? bytes[position++]! : 0),
    taken: () => Array.from(bytes).slice(0, position),
  }
}
