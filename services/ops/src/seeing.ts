import type { Snapshot } from '@lepton/common/http/snapshot'
import type { ServiceView } from '@lepton/contracts/figures'
import type { Observer } from './observer.ts'
import { serviceViews } from './views.ts'

/** What is known of the shop at one moment. */
export interface Seeing {
  services: readonly ServiceView[]
  /** Undefined where the instance does not answer. */
  snapshotOf(instance: string): Snapshot | undefined
}

export const seeingOf = (observer: Observer): Seeing => ({
  services: serviceViews(observer),
  snapshotOf: (instance) => observer.sampler.of(instance)?.snapshot,
})

export const isThere = ({ state }: { state: string }) => state !== 'gone'

/** Of the instances of a service that are there and answer. */
export function snapshotsOf(
  { instances }: Pick<ServiceView, 'instances'>,
  { snapshotOf }: Pick<Seeing, 'snapshotOf'>,
): Snapshot[] {
  return instances.filter(isThere).flatMap(({ name }) => snapshotOf(name) ?? [])
}
