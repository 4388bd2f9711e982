import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { DeadLetter, DeadLetterDetail, ReplayedLetter } from '@lepton/contracts/dead-letters'
import { createFakeBroker } from '@lepton/testing/broker'
import { eventRecord } from '@lepton/testing/builders'
import { useDatabase } from '@lepton/testing/database'
import { createIdentity } from '@lepton/testing/identity'
import { silentLog } from '@lepton/testing/log'
import { type People, type Person, servePeople } from '@lepton/testing/people'
import { until } from '@lepton/testing/until'
import { startConsumer } from '@lepton/events/consume'
import { eventEndpoints } from '../src/event-endpoints.ts'
import { withoutCard } from '../src/shown-letter.ts'
import { createOutbox } from '@lepton/events/outbox'
import { startRelay } from '@lepton/events/relay'
import { createHttpApp } from '@lepton/common/http/app'
import { newId } from '@lepton/common/runtime/id'
import { createMetrics } from '@lepton/common/runtime/metrics'
import type { Database } from '@lepton/events/postgres/database'
import { add, Added, tallies, tallyOf } from '@lepton/testing/tally'

const DLQ = 'tally.v1.order.dlq'
const stops: (() => Promise<void>)[] = []
// Registered before those of the database, so that they run before them.
afterAll(async () => {
  for (const stop of stops) await stop()
})
const test = useDatabase('events')
const broker = createFakeBroker()
const outbox = createOutbox('/order/order-1')
const poisonous = new Set<string>()
let database: Database
let people: People
let operator: Person

beforeAll(async () => {
  database = test.open()
  const identity = createIdentity()
  const subscriptions = [
    tallies((number, key) => {
      if (poisonous.has(`${key} ${number}`)) throw new TypeError(`${number} is not wanted`)
    }),
  ]
  const deps = { database, broker, outbox, log: silentLog, metrics: createMetrics() }
  const relay = startRelay(deps)
  const consumer = startConsumer(deps, subscriptions, { group: 'order', unblockEveryMs: 10, poisonTries: 1 })
  const app = createHttpApp(
    { ...deps, verify: identity.verify, isReady: () => true },
    eventEndpoints('order', database, subscriptions),
  )
  people = await servePeople(app, identity)
  operator = await people.operator()
  stops.push(people.close, consumer.stop, relay.stop, broker.close, () => Promise.resolve(identity.remove()))
})

/** A key whose events arrive, one of which cannot be applied. */
async function stumble(poison: number, count: number): Promise<{ key: string; letter: DeadLetter }> {
  const key = newId()
  poisonous.add(`${key} ${poison}`)
  const events = Array.from({ length: count }, (_, index) =>
    eventRecord(Added, key, index + 1, { number: index + 1 }),
  )
  await broker.send(events)
  await until('everything is delivered', () => broker.isIdle())
  const { body } = await operator.get<{ items: DeadLetter[] }>(`/ops/dead-letters?key=${key}&status=DEAD`)
  return { key, letter: body.items[0]! }
}

const seen = async (key: string) => (await tallyOf(database, key))?.seen

async function audits(target: string) {
  const { rows } = await database.query('select who, action, reason from ops_audit where target = $1', [
    target,
  ])
  return rows
}

const reason = 'tried by a test'

describe('a dead letter', () => {
  it('is listed with those that wait behind it, and shown with what it holds', async () => {
    const { key, letter } = await stumble(2, 4)

    const all = await operator.get<{ items: DeadLetter[] }>(`/ops/dead-letters?key=${key}`)
    const one = await operator.get<DeadLetterDetail>(`/ops/dead-letters/${letter.letter_id}`)

    expect(all.body.items.map(({ sequence, status }) => `${sequence} ${status}`).sort()).toEqual([
      '2 DEAD',
      '3 BLOCKED',
      '4 BLOCKED',
    ])
    expect(letter).toMatchObject({ error_class: 'TypeError', error_message: '2 is not wanted', attempts: 1 })
    expect(one.body).toMatchObject({ event_type: Added.type, headers: { ce_id: letter.event_id } })
    expect(Buffer.from(one.body.payload_base64!, 'base64').toString()).toBe('{"number":2}')
  })

  it('is replayed by the names of those that were seen: one that came since stays', async () => {
    const [seenOne, later] = [await stumble(1, 1), await stumble(1, 1)]
    for (const { key } of [seenOne, later]) poisonous.delete(`${key} 1`)

    const { body } = await operator.post<{ items: ReplayedLetter[] }>('/ops/dead-letters/replay', {
      letter_ids: [seenOne.letter.letter_id, 'payment-1'],
      reason,
    })

    expect(body.items).toMatchObject([{ letter_id: seenOne.letter.letter_id, outcome: 'REPLAYED' }])
    expect([await seen(seenOne.key), await seen(later.key)]).toEqual([[1], undefined])
  })

  it('is found by its kind, and counted in groups with those behind it', async () => {
    const { key } = await stumble(1, 3)
    const path = `/ops/dead-letters?key=${key}&status=DEAD`
    const found = async (filter: string) =>
      (await operator.get<{ items: DeadLetter[] }>(`${path}&${filter}`)).body.items.length

    expect(await found('error_class=TypeError')).toBe(1)
    expect(await found('error_class=RangeError')).toBe(0)
    expect(await found(`event_type=${Added.type}`)).toBe(1)
    expect(await found('event_type=other.v1')).toBe(0)
    const { body } = await operator.get<{ items: { value: string; dead: number; blocked: number }[] }>(
      '/ops/dead-letters/groups?by=key',
    )
    expect(body.items).toContainEqual(expect.objectContaining({ value: key, dead: 1, blocked: 2 }))
  })

  it('does not show the card that it holds', () => {
    const payload = Buffer.from('{"order_id":"a","payment_token":"tok_approved","n":1}')

    expect(withoutCard(payload).toString()).toBe('{"order_id":"a","payment_token":"(hidden)","n":1}')
  })

  it('is published to the topic of dead letters with its original headers and bytes', async () => {
    const { key, letter } = await stumble(1, 1)

    await until('the topic has it', () => broker.records(DLQ).some((record) => record.key.endsWith(key)))

    const published = broker.records(DLQ).find((record) => record.key.endsWith(key))!
    expect(published.headers).toMatchObject({
      ce_type: 'dead_letter.parked.v1',
      ce_sequence: '1',
      'x-dlq-original-ce_id': letter.event_id,
      'x-dlq-topic': 'tally.v1',
      'x-dlq-offset': String(letter.offset),
      'x-dlq-consumer': 'order',
      'x-dlq-error-class': 'TypeError',
      'x-dlq-attempts': '1',
    })
    const { payload_base64 } = JSON.parse(published.value) as { payload_base64: string }
    expect(Buffer.from(payload_base64, 'base64').toString()).toBe('{"number":1}')
  })

  it('is replayed after a repair, with those behind it, and the audit says by whom', async () => {
    const { key, letter } = await stumble(2, 3)
    const filter = { key, reason }

    const failed = await operator.post<{ items: ReplayedLetter[] }>('/ops/dead-letters/replay', filter)
    poisonous.delete(`${key} 2`)
    const dry = await operator.post<{ items: ReplayedLetter[] }>('/ops/dead-letters/replay', {
      ...filter,
      dry_run: true,
    })
    const untouched = await seen(key)
    const done = await operator.post<{ items: ReplayedLetter[] }>('/ops/dead-letters/replay', filter)
    await until('the tail follows', async () => (await seen(key))?.length === 3)

    expect(failed.body.items).toMatchObject([{ outcome: 'FAILED', detail: '2 is not wanted' }])
    expect(dry.body.items).toMatchObject([{ outcome: 'WOULD_REPLAY', sequence: 2 }])
    expect(untouched).toEqual([1])
    expect(done.body.items).toMatchObject([{ letter_id: letter.letter_id, outcome: 'REPLAYED' }])
    expect(await seen(key)).toEqual([1, 2, 3])
    const target = `dead letter ${letter.letter_id.split('-')[1]}`
    expect(await audits(target)).toEqual([{ who: operator.id, action: 'replay', reason }])
    const { body: acts } = await operator.get<{ items: object[] }>('/ops/actions?limit=100')
    expect(acts.items).toContainEqual(
      expect.objectContaining({ who: operator.id, action: 'replay', target, reason }),
    )
  })

  it.each([
    ['its event', ({ event_id }: DeadLetter) => ({ event_id })],
    ['its number', ({ letter_id }: DeadLetter) => ({ letter_id })],
    ['its error', () => ({ error_class: 'TypeError' })],
  ])('is found for its replay by %s', async (_name, filterOf) => {
    const { key, letter } = await stumble(1, 1)
    poisonous.delete(`${key} 1`)

    await operator.post('/ops/dead-letters/replay', { ...filterOf(letter), reason })

    expect(await seen(key)).toEqual([1])
  })

  it('is given up once: its key goes on without it', async () => {
    const { key, letter } = await stumble(2, 3)
    const path = `/ops/dead-letters/${letter.letter_id}/discard`

    const first = await operator.post<DeadLetter>(path, { reason })
    const again = await operator.post(path, { reason })
    await until('the tail follows', async () => (await seen(key))?.length === 2)

    expect([first.status, first.body.status]).toEqual([200, 'DISCARDED'])
    expect(again).toMatchObject({ status: 409, body: { type: '/problems/letter-settled' } })
    expect(await seen(key)).toEqual([1, 3])
    expect((await tallyOf(database, key))?.last_seq).toBe(3)
  })

  it('is on exactly one page, however small the pages are', async () => {
    const { key } = await stumble(1, 7)
    const found: string[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: { body: { items: DeadLetter[]; next_cursor: string | null } } = await operator.get(
        `/ops/dead-letters?key=${key}&limit=2${cursor && `&cursor=${cursor}`}`,
      )
      found.push(...page.body.items.map(({ letter_id }) => letter_id))
      cursor = page.body.next_cursor
    }
    expect([found.length, new Set(found).size]).toEqual([7, 7])
  })
})

describe('the archive', () => {
  it('is sent to a log that lost it, in the order of each key', async () => {
    const key = newId()
    for (let count = 0; count < 3; count++) await database.inTransaction((tx) => add(tx, outbox, key))
    const sent = () => broker.records('tally.v1').filter((record) => record.key === key)
    await until('everything is sent', () => sent().length === 3)
    const range = {
      since: new Date(Date.now() - 60_000).toISOString(),
      until: new Date(Date.now() + 60_000).toISOString(),
    }

    const dry = await operator.post<{ events: number }>('/ops/events/republish', {
      ...range,
      dry_run: true,
      reason,
    })
    const done = await operator.post<{ events: number }>('/ops/events/republish', { ...range, reason })
    await until('everything is sent again', () => sent().length === 6)

    expect(dry.body.events).toBeGreaterThanOrEqual(3)
    expect(done.body).toEqual(dry.body)
    expect(sent().map(({ headers }) => headers.ce_sequence)).toEqual(['1', '2', '3', '1', '2', '3'])
    expect(await audits(`${range.since} to ${range.until}`)).toHaveLength(1)
  })
})
