import { SUBSCRIPTIONS } from './topics.ts'

/** Services that consume events, and so may have dead letters. */
export const CONSUMERS = Object.keys(SUBSCRIPTIONS) as (keyof typeof SUBSCRIPTIONS)[]
export type ConsumingService = keyof typeof SUBSCRIPTIONS
/** Services that publish events, and so have an archive of them. */
export const PUBLISHERS = ['cart', ...CONSUMERS] as const
export type PublishingService = (typeof PUBLISHERS)[number]
