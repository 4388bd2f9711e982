import {
  ALL_SERVICES,
  CALLERS,
  type CallingService,
  type ConsumingService,
  isConsuming,
  isPublishing,
  type PublishingService,
  type Service,
} from '@lepton/contracts/services'

export type DatabaseOwner = PublishingService | ConsumingService
export type KeyOwner = CallingService

/** The services that own a database, each with a role and a database of its own. */
export const DATABASE_OWNERS = ALL_SERVICES.filter(isDatabaseOwner)

/** The services that sign calls with a key of their own. */
export const KEY_OWNERS: readonly KeyOwner[] = CALLERS

export function ofEachOwner<T>(of: (owner: DatabaseOwner) => T): Record<DatabaseOwner, T> {
  return Object.fromEntries(DATABASE_OWNERS.map((owner) => [owner, of(owner)])) as Record<DatabaseOwner, T>
}

export function isDatabaseOwner(service: Service): service is DatabaseOwner {
  return isPublishing(service) || isConsuming(service)
}

export function isKeyOwner(service: Service): service is KeyOwner {
  return (KEY_OWNERS as readonly Service[]).includes(service)
}

/** Whether it takes cards from customers and passes them on. */
export function sealsCards(service: Service): boolean {
  return service === 'cart' || service === 'order'
}

/** The name of a service's database, and of the role that the service has in it. */
export function databaseName(owner: DatabaseOwner): string {
  return `lepton_${owner}`
}

/** The role that owns a service's database and changes its schema: it cannot log in, the set-up acts as it. */
export function schemaOwner(owner: DatabaseOwner): string {
  return `${databaseName(owner)}_owner`
}
