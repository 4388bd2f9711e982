import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { answerTo, type Peer } from './peer.ts'

/**
 * The least that a call can be in Node: JSON behind its length over one socket, answered in order. No names, no headers,
 * no deadline and no faults; what the others do beside it is their price.
 */
export const bareSocket: Peer = {
  async serve() {
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => undefined)
      onText(socket, (text) => write(socket, answerTo(JSON.parse(text))))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { port: (server.address() as AddressInfo).port }
  },

  async connect({ port }) {
    const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    const waiting: ((answer: unknown) => void)[] = []
    onText(socket, (text) => waiting.shift()!(JSON.parse(text)))
    return {
      call: (question) => {
        write(socket, question)
        return new Promise((resolve) => waiting.push(resolve))
      },
      close: () => Promise.resolve(void socket.destroy()),
    }
  },
}

const LENGTH_BYTES = 4

function write(socket: Socket, value: unknown): void {
  const text = JSON.stringify(value)
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + Buffer.byteLength(text))
  bytes.writeUInt32BE(bytes.length - LENGTH_BYTES)
  bytes.write(text, LENGTH_BYTES)
  socket.write(bytes)
}

function onText(socket: Socket, take: (text: string) => void): void {
  let left: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    left = left.length === 0 ? chunk : Buffer.concat([left, chunk])
    while (left.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + left.readUInt32BE()
      if (left.length < end) return
      take(left.toString('utf8', LENGTH_BYTES, end))
      left = left.subarray(end)
    }
  })
}
