import { answer, type Endpoint } from '@lepton/common/http/app'
import type { Incomplete } from '@lepton/contracts/incomplete'
import { getQueues, getStreams, type OrderPath } from '@lepton/contracts/streams'
import type { StreamWatch } from '../streams/stream-watch.ts'
import { isReader, type OrderPaths } from './order-paths.ts'
import type { QueueViews } from './queue-watch.ts'

/** How events travel, and what mathematics say of it. */
export function queueRoutes({
  latest,
  paths,
  broker,
  incomplete,
}: {
  latest: () => QueueViews
  paths: Pick<OrderPaths, 'usual'>
  broker: Pick<StreamWatch, 'at'>
  incomplete: () => Incomplete[]
}): Endpoint[] {
  const partial = () => ({
    as_of: new Date().toISOString(),
    incomplete:
      broker.at() === null ? [...incomplete(), { service: 'kafka', problem: 'unavailable' }] : incomplete(),
  })
  return [
    answer(getStreams, () => {
      const { streams, outboxes } = latest()
      return Promise.resolve({
        status: 200,
        body: { ...partial(), broker_at: broker.at(), streams, outboxes },
      })
    }),
    answer(getQueues, () => {
      const views = latest()
      const body = { ...partial(), stations: views.stations, path: pathOf(paths, views) ?? null }
      return Promise.resolve({ status: 200, body })
    }),
  ]
}

/** A step is the outbox of its cause, the queue of its reader, and what the card processor took. */
function pathOf(paths: Pick<OrderPaths, 'usual'>, { stations, outboxes }: QueueViews): OrderPath | undefined {
  return paths.usual(Date.now(), ({ publisher, service, topic, processorMs }) => {
    if (!isReader(service, topic)) return processorMs
    const publish = outboxes.find((one) => one.service === publisher)?.publish_ms ?? null
    const station = stations.find((one) => one.service === service && one.topic === topic)
    const time = station?.predicted.time_ms ?? null
    return publish === null || time === null ? null : publish + time + processorMs
  })
}
