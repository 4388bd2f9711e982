/** The services that own a database, each with a role and a database of its own. */
export const DATABASE_OWNERS = ['cart', 'order', 'payment', 'inventory'] as const

/** The services that sign calls with a key of their own. The card processor is none of ours: it has no key. */
export const KEY_OWNERS = ['gateway', 'cart', 'order', 'payment', 'inventory', 'ops'] as const

export type DatabaseOwner = (typeof DATABASE_OWNERS)[number]
export type KeyOwner = (typeof KEY_OWNERS)[number]

/** The name of a service's database and of the role that owns it. */
export function databaseName(owner: DatabaseOwner): string {
  return `lepton_${owner}`
}
