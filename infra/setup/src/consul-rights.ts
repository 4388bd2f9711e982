import { KEY_OWNERS, type KeyOwner } from './services.ts'

/** The services that talk to Consul, and the operator. */
export const CONSUL_USERS = [...KEY_OWNERS, 'operator'] as const
export type ConsulUser = (typeof CONSUL_USERS)[number]

type Policy = 'read' | 'write'
type Rule = Record<string, { policy: Policy; intentions?: Policy }>

/** Rules as Consul reads them. */
export interface ConsulRules {
  service?: Rule
  service_prefix?: Rule
  node_prefix?: Rule
  key_prefix?: Rule
  operator?: 'read'
}

/** Settings of the mesh, and what alarms were raised. */
const KEYS = 'lepton/'
const EVERYTHING = ''

/** Where instances are, and who may call whom. */
const LOOK: ConsulRules = {
  service_prefix: { [EVERYTHING]: { policy: 'read', intentions: 'read' } },
  node_prefix: { [EVERYTHING]: { policy: 'read' } },
}

/** Without a token: what Consul's DNS and Prometheus need, and nothing that changes anything. */
export const ANONYMOUS_RULES: ConsulRules = {
  service_prefix: { [EVERYTHING]: { policy: 'read' } },
  node_prefix: { [EVERYTHING]: { policy: 'read' } },
}

/**
 * What each may do: a service registers under its own name, gets the certificates of that name, and reads the others and
 * the settings. `ops` also writes the settings, and registers what is no service of the shop.
 */
export function consulRules(user: ConsulUser): ConsulRules {
  const own = { policy: 'write', intentions: 'read' } as const
  if (user === 'operator') {
    return {
      ...LOOK,
      service_prefix: { [EVERYTHING]: { policy: 'write', intentions: 'write' } },
      key_prefix: { [EVERYTHING]: { policy: 'write' } },
      operator: 'read',
    }
  }
  if (user === 'ops') {
    const ofOthers = KEY_OWNERS.filter((owner) => owner !== user)
    return {
      ...LOOK,
      service: Object.fromEntries([
        [user, own],
        ...ofOthers.map((owner: KeyOwner) => [owner, { policy: 'read', intentions: 'read' }]),
      ]) as Rule,
      service_prefix: { [EVERYTHING]: own },
      key_prefix: { [KEYS]: { policy: 'write' } },
    }
  }
  return { ...LOOK, service: { [user]: own }, key_prefix: { [KEYS]: { policy: 'read' } } }
}
