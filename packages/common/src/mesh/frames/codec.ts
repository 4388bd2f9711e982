import type { Socket } from 'node:net'

/**
 * The wire of `frames`: many exchanges at once over one socket, in frames of
 *
 *     u32 length of what follows · u8 kind · u32 exchange · u16 length of the head · head · body
 *
 * all numbers big-endian, the head in UTF-8. A client begins a connection with `PREFACE`.
 */
export const PREFACE = Buffer.from('lepton-frames/1\n')

export const KIND = {
  request: 1,
  answer: 2,
  /** The client does not want the answer any more. */
  cancel: 3,
  /** The server takes no further requests on this connection. */
  goAway: 4,
  /** How many requests the server takes at once; the number stands in place of the exchange. */
  credit: 5,
} as const

const FIXED_BYTES = 7
const LENGTH_BYTES = 4
/** What is gathered before it is written; larger frames have a buffer of their own. */
const SLAB_BYTES = 64 * 1024
const MAX_HEAD_BYTES = 65_535

export interface Frame {
  kind: number
  exchange: number
  head: string
  body: Buffer
}

export interface FrameWriter {
  /** @throws RangeError when the head is longer than 65 535 bytes */
  write(kind: number, exchange: number, head: string, body: Buffer | string): void
}

/**
 * Gathers frames and writes them once the current turn is over: all answers to one read leave in one write, and a
 * system call costs more than all else that is done for a small frame.
 */
export function createFrameWriter(socket: Socket): FrameWriter {
  let slab = Buffer.allocUnsafe(SLAB_BYTES)
  let start = 0
  let end = 0
  let isPlanned = false

  function flush(): void {
    isPlanned = false
    if (end > start && !socket.destroyed) socket.write(slab.subarray(start, end))
    start = end
  }

  function room(bytes: number): void {
    if (slab.length - end >= bytes) return
    flush()
    slab = Buffer.allocUnsafe(Math.max(SLAB_BYTES, bytes))
    start = end = 0
  }

  return {
    write(kind, exchange, head, body) {
      const headBytes = Buffer.byteLength(head)
      if (headBytes > MAX_HEAD_BYTES) throw new RangeError('the head is too long')
      const bodyBytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length
      room(LENGTH_BYTES + FIXED_BYTES + headBytes + bodyBytes)
      end = slab.writeUInt32BE(FIXED_BYTES + headBytes + bodyBytes, end)
      end = slab.writeUInt8(kind, end)
      end = slab.writeUInt32BE(exchange, end)
      end = slab.writeUInt16BE(headBytes, end)
      end += slab.write(head, end)
      end += typeof body === 'string' ? slab.write(body, end) : body.copy(slab, end)
      if (isPlanned) return
      isPlanned = true
      // After all microtasks: what they still answer goes with it.
      process.nextTick(flush)
    },
  }
}

/** A frame that no peer of ours sends: the connection is of no further use. */
class BrokenFrame extends Error {}

/**
 * Takes a stream of bytes apart. The body of a frame is a view of what was read. A chunk is used no longer than the call
 * with it lasts: it may be a buffer that is read into again.
 *
 * @throws BrokenFrame from the returned function, for a frame above `maxBytes` or one that contradicts itself
 */
export function createFrameReader(
  maxBytes: number,
  onFrame: (frame: Frame) => void,
): (chunk: Buffer) => void {
  let waiting: Buffer[] = []
  let waitingBytes = 0
  /** Bytes that are needed before anything can be read. */
  let neededBytes = LENGTH_BYTES

  return (chunk) => {
    waitingBytes += chunk.length
    if (waitingBytes < neededBytes) return void waiting.push(Buffer.from(chunk))
    let bytes = waiting.length === 0 ? chunk : Buffer.concat([...waiting, chunk])
    for (;;) {
      neededBytes = LENGTH_BYTES
      if (bytes.length < LENGTH_BYTES) break
      const length = bytes.readUInt32BE(0)
      if (length < FIXED_BYTES || length > maxBytes + MAX_HEAD_BYTES + FIXED_BYTES)
        throw new BrokenFrame(`a frame of ${length} bytes`)
      neededBytes = LENGTH_BYTES + length
      if (bytes.length < neededBytes) break
      onFrame(frameIn(bytes.subarray(LENGTH_BYTES, neededBytes)))
      bytes = bytes.subarray(neededBytes)
    }
    waiting = bytes.length === 0 ? [] : [Buffer.from(bytes)]
    waitingBytes = bytes.length
  }
}

function frameIn(bytes: Buffer): Frame {
  const headBytes = bytes.readUInt16BE(5)
  const bodyAt = FIXED_BYTES + headBytes
  if (bodyAt > bytes.length) throw new BrokenFrame('the head is longer than its frame')
  return {
    kind: bytes.readUInt8(0),
    exchange: bytes.readUInt32BE(1),
    head: bytes.toString('utf8', FIXED_BYTES, bodyAt),
    body: bytes.subarray(bodyAt),
  }
}
