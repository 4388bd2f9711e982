import type { ConsulClient } from './consul.ts'
import { createDiscovery } from './discovery.ts'
import { createDnsDiscovery } from './dns-discovery.ts'
import type { Discovery, WatchesOptions } from './watches.ts'

export const DISCOVERY_NAMES = ['http', 'dns'] as const

/** By Consul's DNS port where one is named, else by its HTTP interface. */
export function chooseDiscovery(
  { consul, dns, isSecure }: { consul: ConsulClient; dns?: string | undefined; isSecure: boolean },
  options: WatchesOptions,
): Discovery {
  return dns === undefined
    ? createDiscovery({ consul, ...options })
    : createDnsDiscovery({ server: dns, isSecure, ...options })
}
