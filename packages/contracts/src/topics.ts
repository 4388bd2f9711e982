const DAY_MS = 86_400_000

/**
 * The topics of the shop. The partition count never changes: a key must stay in its partition, or
 * its events lose their order. `number` names the topic in a consuming service's inbox.
 */
export const TOPICS = {
  'order.v1': { name: 'order.v1', number: 1, partitions: 12, retentionMs: 7 * DAY_MS },
  'inventory.v1': { name: 'inventory.v1', number: 2, partitions: 12, retentionMs: 7 * DAY_MS },
  'payment.v1': { name: 'payment.v1', number: 3, partitions: 12, retentionMs: 7 * DAY_MS },
  'cart.v1': { name: 'cart.v1', number: 4, partitions: 12, retentionMs: 7 * DAY_MS },
} as const

export type Topic = keyof typeof TOPICS

/** Who reads what: the subscriptions, and so the dead-letter topics, of the shop. */
export const SUBSCRIPTIONS = {
  inventory: ['order.v1'],
  payment: ['order.v1', 'inventory.v1'],
  order: ['cart.v1', 'inventory.v1', 'payment.v1'],
} as const satisfies Record<string, readonly Topic[]>
