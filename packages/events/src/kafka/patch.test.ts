import { createRequire } from 'node:module'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'

const require = createRequire(import.meta.url)
const murmur2 = require('kafkajs/src/producer/partitioners/default/murmur2') as (key: string) => number
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => Encoder
const decodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0/decoder') as (
  decoder: object,
  batch: object,
) => Record
const Decoder = require('kafkajs/src/protocol/decoder') as new (buffer: Buffer) => {
  readVarIntBytes(): Buffer
}

interface Encoder {
  buffer: Buffer
}
interface Record {
  key: Buffer | null
  value: Buffer | null
  headers: { [name: string]: Buffer }
}

describe('the hash that says which partition a key belongs to', () => {
  // https://github.com/apache/kafka/blob/4.0.0/clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])("of %s is that of Kafka's own client", (key, hash) => {
    expect(murmur2(key)).toBe(hash)
  })
})

describe('a record', () => {
  it('is read as it was written, whatever its length', () => {
    const bytes = fc.uint8Array({ maxLength: 20_000 }).map((array) => Buffer.from(array))
    // The prefix keeps names away from what every object has already, which kafkajs takes for a first value.
    const name = fc.string({ maxLength: 200 }).map((text) => `h-${text}`)
    const headers = fc.dictionary(name, fc.string({ maxLength: 2_000 }))
    fc.assert(
      fc.property(fc.option(bytes), fc.option(bytes), headers, (key, value, headers) => {
        const { buffer } = encodeRecord({ key, value, headers })
        const record = new Decoder(buffer).readVarIntBytes()
        const read = decodeRecord(new Decoder(record), { firstOffset: '0', firstTimestamp: '0' })
        const readHeaders = Object.entries(read.headers).map(([name, header]) => [name, header.toString()])
        expect(read).toMatchObject({ key, value })
        expect(Object.fromEntries(readHeaders)).toEqual(headers)
      }),
      { numRuns: 200 },
    )
  })
})
