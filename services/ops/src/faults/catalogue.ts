import type { RunningShop } from '@lepton/contracts/control'
import type { Faults as View, FaultKind } from '@lepton/contracts/faults'

/** It could not end what it had begun. */
const SPARED = 'ops'

export function pausedIn(shop: RunningShop | undefined): { name: string; resumes_at: string | null }[] {
  const all = [
    ...(shop?.instances ?? []).map((one) => ({ ...one, name: one.instance })),
    ...(shop?.servers ?? []),
  ]
  return all.filter(({ status }) => status === 'paused')
}

export function processesOf({ instances, servers }: RunningShop, kind: FaultKind, target: string): string[] {
  const ofService = instances.filter(({ service }) => service === target && service !== SPARED)
  if (kind !== 'pause') return ofService.map(({ instance }) => instance)
  const one = instances.find(({ instance, service }) => instance === target && service !== SPARED)
  return one !== undefined || servers.some(({ name }) => name === target) ? [target] : []
}

export function catalogueOf(shop: RunningShop | undefined): View['catalogue'] {
  if (shop === undefined) return []
  const instances = shop.instances.filter(({ service }) => service !== SPARED)
  const services = [...new Set(instances.map(({ service }) => service))].sort()
  return [
    { kind: 'stop_service', targets: services },
    { kind: 'kill_again', targets: services.filter((service) => service !== 'psp') },
    {
      kind: 'pause',
      targets: [...instances.map(({ instance }) => instance).sort(), ...shop.servers.map(({ name }) => name)],
    },
  ]
}
