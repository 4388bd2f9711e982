export type Labels = Readonly<Record<string, string | number | undefined>>

/** What a metric holds for each set of its labels. */
export interface Series<T> {
  /** Made where there is none yet, and there is room for one; else that of all others. */
  of(labels: Labels): T
  all(): Iterable<T>
}

/** What a label is where there is no room for one more value. */
const OTHER = '_OTHER'

/** Room for the series of one process: `left` lines of its page. */
export interface Room {
  left: number
}

/** @param lines that each set of labels takes; those of all others are taken at once */
export function createSeries<T>(
  labelNames: readonly string[],
  create: (labels: Labels) => T,
  { room, lines }: { room: Room; lines: number },
): Series<T> {
  const known = new Map<string, T>()
  let others: T | undefined
  room.left -= lines
  if (labelNames.length === 0) known.set('', create({}))

  function add(key: string, labels: Labels): T {
    if (room.left < lines)
      return (others ??= create(Object.fromEntries(labelNames.map((name) => [name, OTHER]))))
    room.left -= lines
    const made = create({ ...labels })
    known.set(key, made)
    return made
  }

  return {
    of(labels) {
      let key = ''
      for (const name of labelNames) key += `${labels[name]}\0`
      return known.get(key) ?? add(key, labels)
    },
    all: () => (others === undefined ? known.values() : [...known.values(), others]),
  }
}
