import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import type { OutgoingRecord } from '../broker.ts'
import { SIGNATURE_HEADER } from './digest.ts'
import { createEventSigner } from './signer.ts'
import { createEventVerifier } from './verifier.ts'

const jwks = new Map(
  ['order', 'payment'].map((owner) => {
    const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
    return [owner, { ...jwk, kid: `${owner}-1` }] as const
  }),
)
const signerOf = (owner: string) => createEventSigner(JSON.stringify(jwks.get(owner)))

function verifierWith(options = {}) {
  return createEventVerifier({
    keys: (kid) => {
      const owner = kid.slice(0, -2)
      const jwk = jwks.get(owner)
      return jwk && { owner, key: createPublicKey({ key: jwk, format: 'jwk' }) }
    },
    ownerOf: (topic) => topic.split('.')[0],
    ...options,
  })
}

const event = (number: number): OutgoingRecord => ({
  topic: 'payment.v1',
  key: `order ${number}`,
  value: JSON.stringify({ number }),
  headers: {
    ce_id: `${number}`,
    ce_type: 'payment.authorized.v1',
    ce_sequence: '1',
    traceparent: '00-1-2-01',
  },
})

/** As a consumer gets it. */
const received = ({ value, ...rest }: OutgoingRecord) => ({ ...rest, value: Buffer.from(value) })
const signed = (count: number) => signerOf('payment').sign(Array.from({ length: count }, (_, n) => event(n)))
const distrust = (record: OutgoingRecord, verifier = verifierWith()) =>
  verifier.distrust(record.topic, received(record))

describe('the signature of a record', () => {
  it.each([1, 2, 3, 5, 64, 100, 500])('holds for each of %i that are signed together', (count) => {
    const verifier = verifierWith()

    expect(signed(count).map((record) => distrust(record, verifier))).toEqual(Array(count).fill(undefined))
  })

  it.each<[string, (record: OutgoingRecord) => OutgoingRecord]>([
    ['another topic', (record) => ({ ...record, topic: 'payment.v2' })],
    ['another key', (record) => ({ ...record, key: 'order 7' })],
    ['another byte', (record) => ({ ...record, value: record.value.replace('3', '4') })],
    ['another id', (record) => withHeader(record, 'ce_id', '99')],
    ['another type', (record) => withHeader(record, 'ce_type', 'payment.captured.v1')],
    ['another position', (record) => withHeader(record, 'ce_sequence', '2')],
    ['another time', (record) => withHeader(record, 'ce_time', '2026-01-01T00:00:00Z')],
  ])('does not hold for %s', (_, change) => {
    const verifier = verifierWith()
    const record = signed(5)[3]!
    expect(distrust(record, verifier)).toBeUndefined()

    expect(distrust(change(record), verifier)).toBe('its signature is wrong')
  })

  it('says nothing about what is added on the way', () => {
    expect(distrust(withHeader(signed(1)[0]!, 'traceparent', '00-9-9-00'))).toBeUndefined()
  })

  it('does not hold when a bit of it changes', () => {
    const record = signed(4)[1]!
    const [version, kid, signature, path] = record.headers[SIGNATURE_HEADER]!.split('.')
    const flip = (text: string) => {
      const bytes = Buffer.from(text, 'base64url')
      bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40)
      return bytes.toString('base64url')
    }
    const texts = [
      [version, kid, flip(signature!), path],
      [version, kid, signature, flip(path!)],
    ]

    for (const text of texts) {
      expect(distrust(withHeader(record, SIGNATURE_HEADER, text.join('.')))).toBe('its signature is wrong')
    }
  })

  it('does not hold on a path that was made up', () => {
    const { headers } = signed(2)[0]!
    const [version, kid, signature] = headers[SIGNATURE_HEADER]!.split('.')
    for (const path of ['AAAA', Buffer.alloc(33, 2).toString('base64url'), 'A'.repeat(2_000)]) {
      const text = [version, kid, signature, path].join('.')
      expect(distrust(withHeader(event(0), SIGNATURE_HEADER, text))).toBe('its signature cannot be read')
    }
  })

  it('is that of the owner of the topic, of no other service and no other key', () => {
    const [byOther] = signerOf('order').sign([event(1)])
    const stranger = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
    const [byStranger] = createEventSigner(JSON.stringify({ ...stranger, kid: 'stranger-1' })).sign([
      event(1),
    ])
    const [inItsName] = createEventSigner(JSON.stringify({ ...stranger, kid: 'payment-1' })).sign([event(1)])

    expect(distrust(byOther!)).toBe('it is signed by order, which does not own payment.v1')
    expect(distrust(byStranger!)).toMatch('stranger-1, which is not one of the known keys')
    expect(distrust(inItsName!)).toBe('its signature is wrong')
  })

  it('is missed, unless records without one are accepted; a wrong one never is', () => {
    const accepting = verifierWith({ acceptsUnsigned: true })
    const wrong = { ...signed(1)[0]!, key: 'order 7' }

    expect(distrust(event(1))).toBe('it is not signed')
    expect(distrust(event(1), accepting)).toBeUndefined()
    expect(distrust(wrong, accepting)).toBe('its signature is wrong')
  })
})

it('is checked once for a batch: what else is asked for each record are hashes', () => {
  const other = createPublicKey(generateKeyPairSync('ed25519').privateKey)
  let key = createPublicKey({ key: jwks.get('payment')!, format: 'jwk' })
  const verifier = verifierWith({ keys: () => ({ owner: 'payment', key }) })
  const [first, ...rest] = signed(100)
  const ofAnother = signed(101).at(-1)
  expect(distrust(first!, verifier)).toBeUndefined()

  // Were it asked again, it would be the wrong one.
  key = other

  expect(rest.map((record) => distrust(record, verifier))).toEqual(Array(99).fill(undefined))
  expect(distrust(ofAnother!, verifier)).toBe('its signature is wrong')
})

function withHeader(record: OutgoingRecord, name: string, text: string): OutgoingRecord {
  return { ...record, headers: { ...record.headers, [name]: text } }
}
