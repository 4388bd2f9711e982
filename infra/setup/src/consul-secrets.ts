import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { CONSUL_USERS, type ConsulUser } from './consul-rights.ts'
import { once } from './files.ts'

export interface ConsulSecrets {
  consulTokenFiles: Record<ConsulUser, string>
  consulTokens: Record<ConsulUser, string>
  /** With every right: Consul has it in its configuration, and the set-up uses it. */
  consulManagementToken: string
}

/** Tokens are UUIDs, which Consul takes as they are. */
export function createConsulSecrets(directory: string): ConsulSecrets {
  const file = (user: string) => join(directory, `consul-${user}.secret`)
  const ofEach = <T>(of: (user: ConsulUser) => T) =>
    Object.fromEntries(CONSUL_USERS.map((user) => [user, of(user)])) as Record<ConsulUser, T>
  return {
    consulTokenFiles: ofEach(file),
    consulTokens: ofEach((user) => once(file(user), randomUUID)),
    consulManagementToken: once(file('management'), randomUUID),
  }
}

/**
 * What a Consul needs to ask for tokens: nothing is allowed to those without one unless it is granted. The agent itself
 * registers its node, and takes dead instances off the list.
 *
 * @param version where it may be older than 1.11
 */
export function consulGuard(managementToken: string, version?: string): object {
  const [major = 1, minor = 11] = version?.split('.').map(Number) ?? []
  const management = major > 1 || minor >= 11 ? 'initial_management' : 'master'
  return {
    acl: {
      enabled: true,
      default_policy: 'deny',
      down_policy: 'extend-cache',
      tokens: { [management]: managementToken, agent: managementToken },
    },
  }
}
