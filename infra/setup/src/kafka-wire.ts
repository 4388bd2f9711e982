import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { KafkaAccess } from '@lepton/events/kafka/settings'

/** What kafkajs does not speak: a few requests, written out by hand (Kafka protocol guide). */
const CLIENT_ID = 'lepton-setup'
const ANSWER_TIMEOUT_MS = 5_000
const MAX_ANSWER_BYTES = 1024 * 1024

export interface Wire {
  /** The answer behind its correlation id. */
  ask(request: { key: number; version: number; isFlexible?: boolean; body: Buffer }): Promise<Buffer>
  close(): void
}

export const int8 = (value: number) => Buffer.from([value])
export const int16 = (value: number) => {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}
export const int32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
export const text = (value: string) => Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])
/** Length plus one, in groups of seven bits. */
const compactLength = (length: number) => {
  const bytes: number[] = []
  let rest = length + 1
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.from([...bytes, rest])
}
export const compact = (value: string | Buffer) => {
  const bytes = Buffer.from(value as string)
  return Buffer.concat([compactLength(bytes.length), bytes])
}
export const compactArray = (items: readonly Buffer[]) =>
  Buffer.concat([compactLength(items.length), ...items])
export const NO_TAGS = int8(0)

/** A connection to one broker, on which the user has said who it is by PLAIN. */
export async function openWire({ brokers, sasl, tls }: KafkaAccess): Promise<Wire> {
  const [address = ''] = brokers
  const at = address.lastIndexOf(':')
  const [host, port] = [address.slice(0, at), Number(address.slice(at + 1))]
  const socket = tls === undefined ? connectPlain({ host, port }) : connectTls({ host, port, ca: tls.ca })
  const wire = talkOver(socket)
  try {
    if (sasl !== undefined) await authenticate(wire, sasl)
    return wire
  } catch (error) {
    wire.close()
    throw error
  }
}

async function authenticate(wire: Wire, { username, password }: { username: string; password: string }) {
  const handshake = await wire.ask({ key: 17, version: 1, body: text('PLAIN') })
  if (handshake.readInt16BE(0) !== 0) throw new Error('Kafka does not take PLAIN here')
  const token = Buffer.from(`\0${username}\0${password}`)
  const answer = await wire.ask({ key: 36, version: 0, body: Buffer.concat([int32(token.length), token]) })
  if (answer.readInt16BE(0) !== 0) throw new Error(`Kafka does not know ${username} by this password`)
}

function talkOver(socket: Socket): Wire {
  const waiting: PromiseWithResolvers<Buffer>[] = []
  let received = Buffer.alloc(0)
  let sent = 0
  const fail = (error: Error) => {
    for (const { reject } of waiting.splice(0)) reject(error)
    socket.destroy()
  }
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => fail(new Error('Kafka does not answer')))
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('Kafka has closed the connection')))
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk])
    while (received.length >= 4) {
      const end = 4 + received.readInt32BE(0)
      if (end > MAX_ANSWER_BYTES) return fail(new Error('Kafka answers with more than was asked for'))
      if (received.length < end) return
      // In the order in which they were asked for.
      waiting.shift()?.resolve(received.subarray(8, end))
      received = received.subarray(end)
    }
  })
  return {
    ask({ key, version, isFlexible = false, body }) {
      const head = [
        int16(key),
        int16(version),
        int32(++sent),
        text(CLIENT_ID),
        ...(isFlexible ? [NO_TAGS] : []),
      ]
      const request = Buffer.concat([...head, body])
      const answer = Promise.withResolvers<Buffer>()
      waiting.push(answer)
      socket.write(Buffer.concat([int32(request.length), request]))
      return answer.promise
    },
    close: () => socket.destroy(),
  }
}
