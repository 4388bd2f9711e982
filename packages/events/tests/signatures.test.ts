import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { newId } from '@lepton/common/runtime/id'
import { createFakeBroker, type FakeBroker } from '@lepton/testing/broker'
import { eventRecord } from '@lepton/testing/builders'
import { useDatabase } from '@lepton/testing/database'
import { silentLog } from '@lepton/testing/log'
import { Added, tallies, TALLY, tallyOf } from '@lepton/testing/tally'
import { until } from '@lepton/testing/until'
import type { OutgoingRecord } from '../src/broker.ts'
import { startConsumer } from '../src/consume.ts'
import type { DeadLetter } from '../src/dead-letters/dead-letter.ts'
import { discard } from '../src/dead-letters/discard.ts'
import { replay } from '../src/dead-letters/replay.ts'
import { createOutbox } from '../src/outbox.ts'
import type { Database } from '../src/postgres/database.ts'
import { startRelay } from '../src/relay.ts'
import { createEventSigner, type EventSigner, signing } from '../src/signatures/signer.ts'
import { createEventVerifier, type EventVerifier } from '../src/signatures/verifier.ts'

const test = useDatabase('events')
const CAUSE = { who: 'tester', reason: 'looked at it' }
let database: Database
let broker: FakeBroker
let signer: EventSigner
let verifier: EventVerifier
let parts: { stop(): Promise<void> }[] = []

beforeAll(() => {
  database = test.open({ poolSize: 8 })
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  signer = createEventSigner(JSON.stringify({ ...jwk, kid: 'owner-1' }))
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  verifier = createEventVerifier({
    keys: (kid) => (kid === 'owner-1' ? { key, owner: 'owner' } : undefined),
    ownerOf: () => 'owner',
  })
})
beforeEach(() => {
  broker = createFakeBroker()
})
afterEach(async () => {
  await Promise.all(parts.map((part) => part.stop()))
  parts = []
  await broker.close()
  await database.query('delete from dead_letter')
})

function consume() {
  const metrics = createMetrics()
  const deps = { database, broker, verifier, outbox: createOutbox('/test'), log: silentLog, metrics }
  parts.push(startConsumer(deps, [tallies()], { group: 'test', unblockEveryMs: 10, maxPauseMs: 20 }))
  return metrics
}

const added = (key: string, sequence: number, eventId = newId()) =>
  eventRecord(Added, key, sequence, { number: sequence }, { eventId })

async function send(...records: OutgoingRecord[]): Promise<void> {
  await broker.send(records)
  await until('everything is delivered', () => broker.isIdle())
}

async function letters() {
  const { rows } = await database.query<DeadLetter>('select * from dead_letter order by id')
  return rows
}

const seen = async (key: string) => (await tallyOf(database, key))?.seen ?? []

describe('a record that its owner did not sign', () => {
  it('changes nothing, is kept as REFUSED, and is counted', async () => {
    const key = newId()
    const metrics = consume()

    await send(added(key, 1))

    expect(await seen(key)).toEqual([])
    expect(await letters()).toMatchObject([
      { status: 'REFUSED', error_class: 'Untrusted', error_message: 'it is not signed', key, event_id: null },
    ])
    const text = await metrics.registry.metrics()
    expect(text).toMatch(/consumed_messages_total\{topic="tally[^}]*outcome="refused"\} [1-9]/)
  })

  it('stops no key, and takes neither the place nor the id of the true one', async () => {
    const key = newId()
    const [first, second] = [added(key, 1), added(key, 2)]
    consume()

    await send(...signer.sign([first]))
    await send({ ...second, value: JSON.stringify({ number: 1_000 }) }, added(key, 3))
    await send(...signer.sign([second, added(key, 3)]))

    expect(await tallyOf(database, key)).toEqual({ key, total: 6, seen: [1, 2, 3], last_seq: 3 })
    expect((await letters()).map(({ status }) => status)).toEqual(['REFUSED', 'REFUSED'])
  })

  it('is applied by no replay, and given up without effect on its key', async () => {
    const key = newId()
    const second = added(key, 2)
    consume()
    await send(...signer.sign([added(key, 1)]), { ...second, value: JSON.stringify({ number: 1_000 }) })
    const [letter] = await letters()

    expect(await replay(database, tallies(), letter!.id, Date.now(), CAUSE)).toBe(false)
    await discard(database, tallies(), letter!, CAUSE)
    await send(...signer.sign([second]))

    expect(await seen(key)).toEqual([1, 2])
    expect((await letters()).map(({ status }) => status)).toEqual(['DISCARDED'])
  })

  it('cannot stop a partition by what it is called', async () => {
    const odd: OutgoingRecord = {
      topic: TALLY.name,
      key: `a\0key ${'k'.repeat(5_000)}\ud83d`,
      value: 'v'.repeat(100_000),
      headers: {
        'ce_id\0': '\0',
        ...Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`h${n}`, 'x\0'])),
      },
    }
    consume()

    await send(
      odd,
      { ...odd, key: '' },
      { ...odd, headers: { 'lepton-signature': `v1.${'x'.repeat(9_000)}` } },
    )

    expect((await letters()).map(({ status }) => status)).toEqual(['REFUSED', 'REFUSED', 'REFUSED'])
  })

  it('does not fill the database, however many come', async () => {
    const key = newId()
    consume()

    await send(...Array.from({ length: 1_200 }, () => added(newId(), 1)), ...signer.sign([added(key, 1)]))

    expect(await seen(key)).toEqual([1])
    expect((await letters()).length).toBeLessThan(1_200)
    expect((await letters()).length).toBeGreaterThanOrEqual(1_000)
  })
})

it('is what a relay with a key sends, and a consumer with its public key applies', async () => {
  const key = newId()
  const outbox = createOutbox('/test')
  const metrics = createMetrics()
  parts.push(startRelay({ database, broker: signing(broker, signer), outbox, log: silentLog, metrics }))
  consume()
  const numbers = [1, 2, 3, 4, 5]

  await database.inTransaction(async (tx) => {
    await tx.query('select 1')
    outbox.emit(
      tx,
      numbers.map((number) => ({ type: Added, key, sequence: number, data: { number }, cause: undefined })),
    )
  })

  await until('all of them to be applied', async () => (await seen(key)).length === numbers.length)
  expect(await letters()).toEqual([])
})
