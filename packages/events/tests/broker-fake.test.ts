import { describe, expect, it } from '@jest/globals'
import { createFakeBroker } from '@lepton/testing/broker'
import { until } from '@lepton/testing/until'
import { newId } from '@lepton/common/runtime/id'
import { describeBroker } from './broker-suite.ts'

describeBroker('the stand-in', () => {
  const broker = createFakeBroker()
  // One log for all clients; closing a client does not close the log.
  const another = () => ({ ...broker, close: () => Promise.resolve() })
  return Promise.resolve({ broker, another, createTopic: () => Promise.resolve(newId()) })
})

describe('the stand-in besides', () => {
  const record = (key: string, value: string) => ({ topic: 't', key, value, headers: {} })

  it('delivers every record twice', async () => {
    const broker = createFakeBroker()
    const seen: string[] = []
    const subscriber = broker.subscribe({
      group: 'g',
      topics: ['t'],
      concurrency: 1,
      onDelivery: async ({ records, done }) => {
        seen.push(...records.map(({ value }) => String(value)))
        await done(records.at(-1)!.offset)
      },
    })
    await broker.send([record('k', '1'), record('k', '2')])
    await until('it is idle', () => broker.isIdle())

    expect(seen).toEqual(['1', '2', '1', '2'])
    await subscriber.stop()
  })

  it('keeps held keys back until they are released, and lets others overtake them', async () => {
    const broker = createFakeBroker()
    const hold = broker.hold(({ key }) => key === 'late')
    await broker.send([record('late', '1')])
    await broker.send([record('late', '2')])
    await broker.send([record('early', '3')])
    hold.release()

    expect(broker.records().map(({ value }) => value)).toEqual(['3', '1', '2'])
  })

  it('fails sends as a test asks, with the records on the log or without', async () => {
    const broker = createFakeBroker()
    broker.failSends(1)
    await expect(broker.send([record('k', '1')])).rejects.toThrow()
    broker.failSends(1, { afterAppend: true })
    await expect(broker.send([record('k', '2')])).rejects.toThrow()
    await broker.send([record('k', '3')])

    expect(broker.records().map(({ value }) => value)).toEqual(['2', '3'])
  })
})
