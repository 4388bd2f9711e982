import { expect, it } from '@jest/globals'
import type { Alarm, Alarms } from '@lepton/contracts/alarms'
import { until } from '@lepton/testing/until'
import { operator, target, uniqueName } from './world.ts'

const read = async <T>(path: string) => (await operator.ask<T>('GET', `/api/v1${path}`)).body
const act = <T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body: object = {}) =>
  operator.ask<T>(method, `/api/v1${path}`, {
    key: uniqueName('act'),
    body: { reason: 'a journey', ...body },
  })
const historyOf = async (alarm: string) =>
  (await read<Alarms>('/ops/alarms')).history.filter(({ name }) => name === alarm)

/** What operators set while the shop runs. */
export function consoleJourneys(): void {
  it('raises an alarm when its threshold is set to what is normal, keeps it over a death of ops, and clears it', async () => {
    // An event loop is never busy for less than nothing.
    const set = await act<Alarm>('PUT', '/ops/alarms/EventLoopBusy', { threshold: 0, for_s: 0 })
    expect(set.body).toMatchObject({ threshold: 0, default_threshold: 0.9 })
    const [raised] = await until('it is raised', async () => {
      const history = await historyOf('EventLoopBusy')
      return history.length > 0 && history.toReversed()
    })
    expect(raised).toMatchObject({ kind: 'raised', severity: 'ticket', threshold: 0 })

    const [ops] = await target.instances('ops')
    await target.crash(ops!)
    await until('it still is, and was raised once', async () => {
      const { items, history } = await read<Alarms>('/ops/alarms').catch(() => ({ items: [], history: [] }))
      const alarm = items?.find(({ name }) => name === 'EventLoopBusy')
      const again = history?.filter(
        ({ name, labels }) => name === 'EventLoopBusy' && labels['instance'] === raised!.labels['instance'],
      )
      return alarm?.state === 'firing' && again?.length === 1
    })

    await act('PUT', '/ops/alarms/EventLoopBusy')
    await until('it is cleared', async () => {
      const [last] = (await historyOf('EventLoopBusy')).filter(
        ({ labels }) => labels['instance'] === raised!.labels['instance'],
      )
      return last?.kind === 'cleared'
    })
  })
}
