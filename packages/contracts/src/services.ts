interface Definition {
  /**
   * The number of its topic, `<service>.v1`, where it publishes events. Inboxes name the topic by it: it is never
   * changed, and never used for another.
   */
  readonly topic?: number
  /** Services whose events it applies. */
  readonly consumes?: readonly string[]
  /** Not one of ours: it has no key, is not in the registry, and keeps its own books. */
  readonly isOutside?: true
}

/**
 * Every service of the shop. Its database, keys, secrets, topics and dead-letter topics follow from its line, and so do
 * the processes that are started, watched, scraped and put to the test.
 */
export const SERVICES = {
  gateway: {},
  cart: { topic: 4 },
  order: { topic: 1, consumes: ['cart', 'inventory', 'payment'] },
  inventory: { topic: 2, consumes: ['order'] },
  payment: { topic: 3, consumes: ['order', 'inventory'] },
  ops: {},
  psp: { isOutside: true },
} as const satisfies Readonly<Record<string, Definition>>

export type Service = keyof typeof SERVICES

type Having<Part> = { [S in Service]: (typeof SERVICES)[S] extends Part ? S : never }[Service]

/** Services that publish events, and so have a database with an archive of them. */
export type PublishingService = Having<{ topic: number }>
/** Services that apply events of others, and so may have dead letters. */
export type ConsumingService = Having<{ consumes: readonly string[] }>
/** Services that call others, and so have a key of their own. */
export type CallingService = Exclude<Service, Having<{ isOutside: true }>>

export const ALL_SERVICES = Object.keys(SERVICES) as Service[]
export const PUBLISHERS = ALL_SERVICES.filter(isPublishing)
export const CONSUMERS = ALL_SERVICES.filter(isConsuming)
export const CALLERS = ALL_SERVICES.filter(
  (service) => !('isOutside' in SERVICES[service]),
) as CallingService[]

export function isPublishing(service: Service): service is PublishingService {
  return 'topic' in SERVICES[service]
}

export function isConsuming(service: Service): service is ConsumingService {
  return 'consumes' in SERVICES[service]
}
