import type { ScalingSetting } from '@lepton/common/mesh/control/traffic'
import type { Log } from '@lepton/common/runtime/log'
import type { RunningShop } from '@lepton/contracts/control'
import type { ScalingView } from '@lepton/contracts/scaling'
import { PUBLISHERS } from '@lepton/contracts/services'
import type { By } from '../actions.ts'
import { type Figures, MEASURES } from './measures.ts'
import { sizeOf, type Recommendations } from './size.ts'

interface ScalerDeps {
  /** What operators have set, by service; undefined where a service is sized by hand. */
  settingOf: (service: string) => ScalingSetting | undefined
  running: () => RunningShop | undefined
  figuresOf: (service: string) => Figures
  /** Begins to add an instance of a service, or to drain one by its name. */
  begin: (action: 'add' | 'remove', name: string, by: By) => Promise<unknown>
  log: Log
  now?: () => number
}

export interface Scaler {
  /** Compares each service's size with what its figure asks for, and begins what differs. */
  look(): Promise<void>
  views(): ScalingView[]
}

/** Sizes services by load within the limits that operators set. What it does is an act like theirs: noted, with its reason. */
export function createScaler({
  settingOf,
  running,
  figuresOf,
  begin,
  log,
  now = Date.now,
}: ScalerDeps): Scaler {
  const recommendations = new Map<string, Recommendations>()
  const latest = new Map<string, ScalingView>()

  async function sizeService(service: string, shop: RunningShop): Promise<void> {
    const setting = settingOf(service)
    if (setting === undefined) {
      recommendations.delete(service)
      latest.delete(service)
      return
    }
    const instances = shop.instances.filter((one) => one.service === service)
    const staying = instances.filter(({ status }) => status !== 'stopping').length
    // What starts or stops has no part in the load yet, or any more: the next look is soon enough.
    const isChanging = instances.some(({ status }) => status === 'starting' || status === 'stopping')
    const { words, wanted } = MEASURES[setting.on](figuresOf(service), setting.target, setting.max)
    const sizing = isChanging
      ? { size: staying, recommendations: [] }
      : sizeOf(instances.length, wanted, setting, recommendations.get(service) ?? [], now())
    recommendations.set(service, sizing.recommendations)
    const { size } = sizing
    const known = latest.get(service)
    const hasChanged = !isChanging && size !== instances.length
    latest.set(service, {
      service,
      ...setting,
      size,
      words,
      changed_at: hasChanged ? new Date(now()).toISOString() : (known?.changed_at ?? null),
    })
    if (!hasChanged) return
    const by = { who: 'scaling', reason: `${words}: ${instances.length} → ${size}` }
    const names =
      size > instances.length
        ? Array.from({ length: size - instances.length }, () => service)
        : newestFirst(instances.map(({ instance }) => instance)).slice(0, instances.length - size)
    await Promise.all(names.map((name) => begin(size > instances.length ? 'add' : 'remove', name, by)))
  }

  return {
    async look() {
      const shop = running()
      if (shop === undefined) return
      for (const service of PUBLISHERS)
        await sizeService(service, shop).catch((error: unknown) =>
          log.warn({ err: error, target: service }, 'the service could not be sized'),
        )
    },
    views: () => [...latest.values()],
  }
}

const numberOf = (name: string) => Number(/-(\d+)$/.exec(name)?.[1] ?? 0)
const newestFirst = (names: readonly string[]) => names.toSorted((a, b) => numberOf(b) - numberOf(a))
