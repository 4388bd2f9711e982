import { answer, type Endpoint } from '@lepton/common/http/app'
import type { ScalingSetting } from '@lepton/common/mesh/control/traffic'
import type { Part } from '@lepton/common/runtime/lifecycle'
import type { Instance } from '@lepton/common/service'
import { listScaling } from '@lepton/contracts/scaling'
import type { Actions } from '../actions.ts'
import type { Observer } from '../observer.ts'
import type { QueueViews } from '../queues/queue-watch.ts'
import { seeingOf, snapshotsOf } from '../seeing.ts'
import { createScaler, type Scaler } from './scaler.ts'

/** Sizes the services that have a setting `scaling/<service>`, each time there are new figures. */
export function startScaling(
  { control, log }: Pick<Instance, 'control' | 'log'>,
  { observer, queues, actions }: { observer: Observer; queues: () => QueueViews; actions: Actions },
): { endpoints: Endpoint[]; part: Part } {
  const scaler = createScaler({
    settingOf: (service) => control.values().get(`scaling/${service}`) as ScalingSetting | undefined,
    running: () => observer.running(),
    figuresOf: (name) => {
      const seeing = seeingOf(observer)
      const view = seeing.services.find(({ service }) => service === name)
      return {
        snapshots: snapshotsOf(view ?? { instances: [] }, seeing),
        stations: queues().stations.filter(({ service }) => service === name),
      }
    },
    begin: actions.begin,
    log,
  })
  let looking: Promise<void> | undefined
  observer.onSample(() => {
    looking ??= scaler.look().finally(() => {
      looking = undefined
    })
  })
  return {
    endpoints: scalingRoutes(scaler),
    part: {
      stop: async () => {
        await looking
      },
    },
  }
}

export function scalingRoutes({ views }: Pick<Scaler, 'views'>): Endpoint[] {
  return [answer(listScaling, () => Promise.resolve({ status: 200, body: { items: views() } }))]
}
