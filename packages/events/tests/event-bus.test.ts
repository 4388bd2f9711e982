import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { Unavailable } from '@lepton/common/runtime/problem'
import { createFakeBroker, type FakeBroker } from '@lepton/testing/broker'
import { useDatabase } from '@lepton/testing/database'
import { silentLog } from '@lepton/testing/log'
import { until } from '@lepton/testing/until'
import { z } from 'zod'
import { createEventBus, type EventBus, prepareBus } from '../src/event-bus.ts'
import type { EventType } from '../src/event.ts'
import { newId } from '@lepton/common/runtime/id'
import type { Database } from '../src/postgres/database.ts'

const GREETINGS = { name: 'greetings.v1', number: 1, partitions: 3, retentionMs: 86_400_000 }
const Greeted: EventType<{ number: number }> = {
  type: 'greeting.sent.v1',
  topic: GREETINGS.name,
  data: z.strictObject({ number: z.int() }),
}

const test = useDatabase('events')
let database: Database
let broker: FakeBroker
let bus: EventBus

beforeAll(async () => {
  database = test.open({ poolSize: 12 })
  await prepareBus(database, silentLog)
  await database.query('create table heard (id bigserial primary key, key text, number int)')
})
beforeEach(() => {
  // Delivers everything twice.
  broker = createFakeBroker()
  const deps = { database, broker, topics: [GREETINGS], group: 'greeter', log: silentLog }
  bus = createEventBus({ ...deps, metrics: createMetrics() })
})
afterEach(async () => {
  await bus.stop()
  await broker.close()
  await database.query('delete from dead_letter')
})

async function heard(key: string): Promise<number[]> {
  const { rows } = await database.query<{ number: number }>(
    'select number from heard where key = $1 order by id',
    [key],
  )
  return rows.map(({ number }) => number)
}

function noteWhatIsHeard(before: (number: number) => void = () => undefined): void {
  bus.subscribe(Greeted, async ({ key, data: { number } }, tx) => {
    before(number)
    await tx.query('insert into heard (key, number) values ($1, $2)', [key, number])
  })
}

const publish = (key: string, ...numbers: number[]) =>
  numbers.reduce(
    (before, number) => before.then(() => bus.publish({ type: Greeted, key, data: { number } })),
    Promise.resolve(),
  )

const deadLetters = async () =>
  (await database.query<{ key: string; status: string }>('select key, status from dead_letter order by id'))
    .rows

describe('the event bus', () => {
  it('calls a handler once for each event, in order per key, though everything is delivered twice', async () => {
    const keys = Array.from({ length: 5 }, () => newId())
    noteWhatIsHeard()
    bus.start()

    await Promise.all(keys.map((key) => publish(key, 1, 2, 3, 4)))

    for (const key of keys) {
      await until('all are heard', async () => (await heard(key)).length >= 4)
      expect(await heard(key)).toEqual([1, 2, 3, 4])
    }
  })

  it('publishes with the transaction, or not at all', async () => {
    const key = newId()
    noteWhatIsHeard()
    bus.start()

    await database
      .inTransaction(async (tx) => {
        await bus.publish({ type: Greeted, key, data: { number: 1 } }, tx)
        throw new Error('no')
      })
      .catch(() => undefined)
    await database.inTransaction((tx) => bus.publish({ type: Greeted, key, data: { number: 2 } }, tx))

    await until('it is heard', async () => (await heard(key)).length > 0)
    expect(await heard(key)).toEqual([2])
  })

  it('makes an event whose handler fails a dead letter, which stops its key and no other', async () => {
    const [bad, good] = [newId(), newId()]
    noteWhatIsHeard((number) => {
      if (number === 13) throw new Error('not 13')
    })
    bus.start()

    await publish(bad, 1, 13, 2)
    await publish(good, 1, 2)

    await until('the letters are there', async () => (await deadLetters()).length === 2)
    await until('the other key goes on', async () => (await heard(good)).length === 2)
    expect([await heard(bad), await deadLetters()]).toEqual([
      [1],
      [
        { key: bad, status: 'DEAD' },
        { key: bad, status: 'BLOCKED' },
      ],
    ])
  })

  it('calls a handler again while what it needs is unavailable', async () => {
    const key = newId()
    let calls = 0
    noteWhatIsHeard(() => {
      if (++calls < 3) throw new Unavailable('the printer')
    })
    bus.start()

    await publish(key, 1)

    await until('it is heard', async () => (await heard(key)).length > 0)
    expect([await heard(key), await deadLetters()]).toEqual([[1], []])
  })

  it('refuses data that no consumer could read, and a second handler', async () => {
    const wrong = { number: 'one' } as unknown as { number: number }
    await expect(bus.publish({ type: Greeted, key: 'a', data: wrong })).rejects.toThrow(/expected number/)

    noteWhatIsHeard()
    expect(() => noteWhatIsHeard()).toThrow('greeting.sent.v1 has a handler')
    bus.start()
    expect(() => noteWhatIsHeard()).toThrow('subscribe before start')
  })
})
