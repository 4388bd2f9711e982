import { hash } from 'node:crypto'

const LEFT = Buffer.from([0])
const RIGHT = Buffer.from([1])
/** No digest of an event begins like this, so that no inner node can be taken for an event. */
const NODE = Buffer.from([1])
const STEP_BYTES = 33
/** Of a batch of 65 536 records. */
const MAX_STEPS = 16

interface Node {
  digest: Buffer
  /** Which leaves are below it. */
  leaves: number[]
}

/**
 * A hash tree over digests: its root stands for all of them, and each has a path that leads to the root.
 *
 * A step of a path is the side of the sibling and its digest. What has no sibling moves up as it is.
 */
export function treeOf(digests: readonly Buffer[]): { root: Buffer; paths: Buffer[] } {
  const steps: Buffer[][] = digests.map(() => [])
  let level: Node[] = digests.map((digest, index) => ({ digest, leaves: [index] }))
  while (level.length > 1) {
    const above: Node[] = []
    for (let index = 0; index < level.length; index += 2) {
      const [left, right] = [level[index]!, level[index + 1]]
      if (right === undefined) {
        above.push(left)
        continue
      }
      for (const leaf of left.leaves) steps[leaf]!.push(RIGHT, right.digest)
      for (const leaf of right.leaves) steps[leaf]!.push(LEFT, left.digest)
      above.push({ digest: join(left.digest, right.digest), leaves: [...left.leaves, ...right.leaves] })
    }
    level = above
  }
  return { root: level[0]!.digest, paths: steps.map((path) => Buffer.concat(path)) }
}

export interface Climb {
  /** The root, or the first digest on the way to it that is known. */
  top: Buffer
  isKnown: boolean
  /** What else is in the tree where `top` is, siblings too. */
  below: Buffer[]
}

/** From a leaf along a path towards the root, as far as what `isKnown`; undefined for what is no path. */
export function climb(leaf: Buffer, path: Buffer, isKnown: (digest: Buffer) => boolean): Climb | undefined {
  if (path.length % STEP_BYTES !== 0 || path.length > MAX_STEPS * STEP_BYTES) return undefined
  const below: Buffer[] = []
  let top = leaf
  for (let at = 0; at < path.length; at += STEP_BYTES) {
    if (isKnown(top)) return { top, isKnown: true, below }
    const [side, sibling] = [path[at], path.subarray(at + 1, at + STEP_BYTES)]
    if (side !== LEFT[0] && side !== RIGHT[0]) return undefined
    below.push(top, sibling)
    top = side === LEFT[0] ? join(sibling, top) : join(top, sibling)
  }
  return { top, isKnown: isKnown(top), below }
}

function join(left: Buffer, right: Buffer): Buffer {
  return hash('sha256', Buffer.concat([NODE, left, right]), 'buffer')
}
