import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const CHUNK = Buffer.alloc(16 * 1024)
const EVERY_MS = 4

export interface SlowReader {
  writtenPerS: number
  readPerS: number
  /** What a writer may have in flight before it is stopped: its own queue and the buffers of both kernels. */
  bufferBytes: number
  predictedS: number
  measuredS: number
  /** What the writer held itself at the end. */
  queuedBytes: number
}

/**
 * A writer that sends faster than its reader reads, until it is stopped: the time is buffer/(λ−r).
 * The kernels' buffers are measured first, with a reader that does not read at all.
 */
export async function measureSlowReader(readPerS: number): Promise<SlowReader> {
  const silent = await flood(0)
  const bufferBytes = silent.writtenBytes
  const slow = await flood(readPerS)
  const writtenPerS = slow.writtenBytes / slow.tookS
  return {
    writtenPerS,
    readPerS: slow.readBytes / slow.tookS,
    bufferBytes,
    predictedS: bufferBytes / (writtenPerS - slow.readBytes / slow.tookS),
    measuredS: slow.tookS,
    queuedBytes: slow.queuedBytes,
  }
}

async function flood(readPerS: number) {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const writer = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [reader] = await accepted
  let readBytes = 0
  let debt = 0
  reader.pause()
  const reading = setInterval(() => {
    debt += (readPerS * EVERY_MS) / 1_000
    while (debt > 0) {
      const part = reader.read() as Buffer | null
      if (part === null) break
      debt -= part.length
      readBytes += part.length
    }
  }, EVERY_MS)
  const startedAt = performance.now()
  let writtenBytes = 0
  // Stopped: the kernel has taken no more for so long that what is written stays in this process.
  while (writer.writableLength < writer.writableHighWaterMark * 4) {
    writer.write(CHUNK)
    writtenBytes += CHUNK.length
    await delay(EVERY_MS)
  }
  const result = {
    writtenBytes,
    readBytes,
    tookS: (performance.now() - startedAt) / 1_000,
    queuedBytes: writer.writableLength,
  }
  clearInterval(reading)
  writer.destroy()
  reader.destroy()
  server.close()
  return result
}

/** The most that a kernel buffers for one connection in each direction, as it is set (`tcp_wmem`, `tcp_rmem`). */
export function kernelBufferBytes(): { send: number; receive: number } {
  const most = (name: string) =>
    Number(readFileSync(`/proc/sys/net/ipv4/${name}`, 'utf8').trim().split(/\s+/)[2])
  return { send: most('tcp_wmem'), receive: most('tcp_rmem') }
}
