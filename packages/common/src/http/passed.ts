import type { RouteDefinition } from './route.ts'

/** What authorises one question to another service, as headers. */
export type As = (question: Pick<RouteDefinition, 'operation' | 'owner'>) => Promise<Record<string, string>>

/** The tokens of the person and of the services that a request came through before its sender, oldest first. */
export const PASSED_HEADER = 'lepton-passed-tokens'

/**
 * For a fleet that is changed while it runs. `own`: a token is good at one service. `accept`: tokens that are good at all
 * are taken, too. `shop`: they are also the ones that are sent.
 */
export const TOKEN_AUDIENCES = ['own', 'accept', 'shop'] as const
export type TokenAudience = (typeof TOKEN_AUDIENCES)[number]
