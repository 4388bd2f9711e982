import type { Endpoint } from './endpoint.ts'
import { hashOf } from './hash.ts'

export interface SubsetSettings {
  /** Up to so many endpoints, a client uses all. */
  above: number
  /** Of more, it uses so many: each costs it connections, and two choices among too many rarely meet. */
  size: number
}

export const subsetDefaults: SubsetSettings = { above: 50, size: 20 }

/**
 * Some of many endpoints, other ones for each client, so that all get about as much. An endpoint that comes or goes moves at most
 * one of a client's: those with the lowest hash of client and endpoint are taken (rendezvous hashing; random subsetting
 * as in gRFC A68).
 */
export function subsetOf(
  endpoints: readonly Endpoint[],
  { above, size }: SubsetSettings,
  client: number,
): readonly Endpoint[] {
  if (endpoints.length <= above) return endpoints
  return endpoints
    .map((endpoint) => ({ endpoint, place: hashOf(endpoint.instance.id, client) }))
    .sort((a, b) => a.place - b.place)
    .slice(0, size)
    .map(({ endpoint }) => endpoint)
}
