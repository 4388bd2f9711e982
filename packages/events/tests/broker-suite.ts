import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { until } from '@lepton/testing/until'
import type { Broker, BrokerRecord, Delivery, OutgoingRecord, Subscriber } from '../src/broker.ts'
import { newId } from '@lepton/common/runtime/id'

export interface BrokerUnderTest {
  broker: Broker
  /** Makes a topic that no other test uses. */
  createTopic(): Promise<string>
  /** A client of its own, as another process has. */
  another(): Broker
}

interface Seen {
  key: string
  value: string | undefined
  headers: Record<string, string>
  offset: string
  partition: number
}

/** What Lepton needs of a broker: run against the stand-in of the tests and against Kafka. */
export function describeBroker(name: string, open: () => Promise<BrokerUnderTest>, settleMs = 20_000): void {
  describe(`${name} as a broker`, () => {
    let test: BrokerUnderTest
    let topic: string
    let subscribers: Subscriber[] = []
    const group = () => `group-${newId()}`
    const waitFor = (what: string, probe: () => boolean) => until(what, probe, { timeoutMs: settleMs })

    beforeEach(async () => {
      test = await open()
      topic = await test.createTopic()
    }, 60_000)
    afterEach(async () => {
      await Promise.all(subscribers.map((subscriber) => subscriber.stop()))
      subscribers = []
    }, 30_000)

    function subscribe(
      onDelivery: (delivery: Delivery) => Promise<void>,
      inGroup = group(),
      from = test.broker,
    ) {
      const subscriber = from.subscribe({ group: inGroup, topics: [topic], concurrency: 4, onDelivery })
      subscribers.push(subscriber)
      return subscriber
    }

    /** Notes everything and is done with it. */
    function collect(seen: Seen[], inGroup?: string, from?: Broker) {
      return subscribe(
        async (delivery) => {
          for (const record of delivery.records) {
            seen.push(asSeen(record, delivery.partition))
            await delivery.done(record.offset)
          }
        },
        inGroup,
        from,
      )
    }

    const record = (key: string, value: string, headers: Record<string, string> = {}): OutgoingRecord => ({
      topic,
      key,
      value,
      headers,
    })
    const valuesOf = (seen: Seen[], key?: string) =>
      seen.filter((one) => key === undefined || one.key === key).map(({ value }) => value)

    it('delivers keys, values and headers as they were sent', async () => {
      const seen: Seen[] = []
      const sent = [
        record('order-1', '{"name":"Zoë 🫖","n":1}', {
          ce_id: 'a',
          ce_type: 'x.v1',
          traceparent: '00-1-2-01',
        }),
        record('κλειδί', '', { empty: '' }),
      ]
      collect(seen)
      await test.broker.send(sent)

      await waitFor('both are there', () => new Set(seen.map(({ key }) => key)).size === 2)
      for (const { key, value, headers } of sent) {
        expect(seen.find((one) => one.key === key)).toMatchObject({ key, value, headers })
      }
    }, 60_000)

    it('keeps the order of each key, from the first record on', async () => {
      const keys = Array.from({ length: 8 }, () => newId())
      const wanted = Array.from({ length: 30 }, (_, index) => String(index))
      for (const number of wanted.slice(0, 10)) await test.broker.send(keys.map((key) => record(key, number)))
      const seen: Seen[] = []
      collect(seen)
      for (const number of wanted.slice(10)) await test.broker.send(keys.map((key) => record(key, number)))

      await waitFor(
        'all are there',
        () => new Set(seen.map(({ key, value }) => `${key} ${value}`)).size === 240,
      )
      for (const key of keys) expect([...new Set(valuesOf(seen, key))]).toEqual(wanted)
      expect(new Set(seen.map(({ key, partition }) => `${key} ${partition}`)).size).toBe(8)
    }, 60_000)

    it('brings back what was not done to the next member, in order', async () => {
      const inGroup = group()
      const key = newId()
      const first: Seen[] = []
      const crashing = subscribe(async (delivery) => {
        for (const one of delivery.records) {
          first.push(asSeen(one, delivery.partition))
          if (first.length <= 2) await delivery.done(one.offset)
        }
        delivery.pauseFor(60_000)
      }, inGroup)
      await test.broker.send(['1', '2', '3', '4'].map((value) => record(key, value)))
      await waitFor('the first has seen all', () => new Set(valuesOf(first)).size === 4)
      await crashing.stop()

      const second: Seen[] = []
      collect(second, inGroup)

      await waitFor('the second has the rest', () => valuesOf(second).includes('4'))
      const values = [...new Set(valuesOf(second))]
      expect(values.slice(-2)).toEqual(['3', '4'])
    }, 60_000)

    it('does not bring back to a later member what was done', async () => {
      const inGroup = group()
      const key = newId()
      const first: Seen[] = []
      const member = collect(first, inGroup)
      await test.broker.send([record(key, '1'), record(key, '2')])
      await waitFor('both are done', () => valuesOf(first).includes('2'))
      await member.stop()

      const second: Seen[] = []
      collect(second, inGroup)
      await test.broker.send([record(key, '3')])

      await waitFor('the new one is there', () => valuesOf(second).includes('3'))
      expect(valuesOf(second)).not.toContain('1')
    }, 60_000)

    it('delivers again after a pause what was not done, and lets other partitions flow during it', async () => {
      const seen: Seen[] = []
      let pauses = 0
      let pausedPartition = -1
      subscribe(async (delivery) => {
        if (delivery.partition === pausedPartition && pauses < 2) {
          pauses++
          return delivery.pauseFor(150)
        }
        for (const one of delivery.records) {
          seen.push(asSeen(one, delivery.partition))
          await delivery.done(one.offset)
        }
      })
      const [slow, ...others] = Array.from({ length: 13 }, () => newId()) as [string, ...string[]]
      await test.broker.send([record(slow, 'before')])
      await waitFor('its partition is known', () => seen.length > 0)
      pausedPartition = seen[0]!.partition

      await test.broker.send([record(slow, '1'), ...others.map((key) => record(key, 'x'))])

      await waitFor(
        'all are there',
        () => new Set(seen.map(({ key }) => key)).size === 13 && valuesOf(seen, slow).includes('1'),
      )
      expect(pauses).toBe(2)
      const positionOf = (value: string) => seen.findIndex((one) => one.value === value && one.key !== slow)
      expect(positionOf('x')).toBeGreaterThanOrEqual(0)
    }, 60_000)

    it('gives each group everything', async () => {
      const [one, two]: [Seen[], Seen[]] = [[], []]
      collect(one)
      collect(two)
      await test.broker.send([record(newId(), '1'), record(newId(), '2')])
      await waitFor('both groups have both', () =>
        [one, two].every((seen) => new Set(valuesOf(seen)).size === 2),
      )
    }, 60_000)

    it('shares the partitions of a group, and hands them over when a member leaves', async () => {
      const inGroup = group()
      const [one, two]: [Seen[], Seen[]] = [[], []]
      const other = test.another()
      collect(one, inGroup)
      const leaving = collect(two, inGroup, other)
      const keys = Array.from({ length: 24 }, () => newId())
      let round = 0
      await until(
        'both members get some',
        async () => {
          round++
          await test.broker.send(keys.map((key) => record(key, `warm-up ${round}`)))
          const last = (seen: Seen[]) => seen.some(({ value }) => value === `warm-up ${round - 1}`)
          return last(one) && last(two)
        },
        { timeoutMs: settleMs, everyMs: 200 },
      )

      await leaving.stop()
      await test.broker.send(keys.map((key) => record(key, 'afterwards')))

      const has = (seen: Seen[]) => seen.filter(({ value }) => value === 'afterwards').map(({ key }) => key)
      await waitFor('the one that stayed has all', () => new Set(has(one)).size === keys.length)
      expect(has(two)).toEqual([])
      await other.close()
    }, 60_000)

    it('says how much waits behind a delivery', async () => {
      const lags: number[] = []
      const key = newId()
      for (let count = 0; count < 5; count++) await test.broker.send([record(key, String(count))])
      subscribe(async (delivery) => {
        lags.push(delivery.lag)
        await delivery.done(delivery.records.at(-1)!.offset)
      })
      await waitFor('something is delivered', () => lags.length > 0)
      expect(lags.every((lag) => Number.isInteger(lag) && lag >= 0)).toBe(true)
    }, 60_000)
  })
}

function asSeen({ key, value, headers, offset }: BrokerRecord, partition: number): Seen {
  return { key, value: value?.toString(), headers, offset, partition }
}
