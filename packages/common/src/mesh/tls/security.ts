import type { RequestListener } from 'node:http'
import { ConfigError } from '../../runtime/config.ts'
import type { Log } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import type { ConsulClient } from '../consul.ts'
import { isReadyWithin } from '../ready-within.ts'
import { TLS_KEY, TLS_MUTUAL } from '../transports.ts'
import { connectCredentials } from './from-consul.ts'
import { type CredentialFiles, fileCredentials } from './from-files.ts'
import { guard } from './guard.ts'
import { createIdentity, type Identity } from './identity.ts'
import { followIntentions } from './intentions.ts'

export const TLS_SOURCES = ['off', 'consul', 'files'] as const

/** How a service talks by TLS: certificates of Consul's own authority, or of another one from files. */
export type TlsChoice = 'consul' | CredentialFiles

/** What a service needs to prove who it is, and to let in those who may call it. */
export interface Security {
  identity: Identity
  /** What an instance says of it in its metadata. */
  meta: Record<string, string>
  /** Refuses the requests of those who may not call this service. */
  guard(listener: RequestListener): RequestListener
  /** Settles when there is a certificate and the intentions are known; or after a while without. */
  ready(withinMs: number): Promise<void>
  close(): Promise<void>
}

export function createSecurity(
  choice: TlsChoice,
  {
    consul,
    service,
    stateDir,
    log,
    metrics,
    acceptsPlain = false,
  }: {
    consul: ConsulClient
    service: string
    stateDir: string | undefined
    log: Log
    metrics: Metrics
    acceptsPlain?: boolean
  },
): Security {
  const from = { consul, service, stateDir, log }
  const source = choice === 'consul' ? connectCredentials(from) : fileCredentials(choice, { log })
  const identity = createIdentity(source, { service, log, metrics, acceptsPlain })
  const intents = followIntentions(from)
  return {
    identity,
    meta: { [TLS_KEY]: TLS_MUTUAL },
    guard: (listener) => guard(listener, { service, identity, intents, log }),
    async ready(withinMs) {
      await isReadyWithin(Promise.all([identity.ready, intents.ready]), withinMs)
    },
    async close() {
      await Promise.all([identity.close(), intents.close()])
    },
  }
}

/** @throws ConfigError where files are wanted, and one is not named */
export function tlsChoice(settings: {
  MESH_TLS: (typeof TLS_SOURCES)[number]
  MESH_TLS_CERT_FILE?: string | undefined
  MESH_TLS_KEY_FILE?: string | undefined
  MESH_TLS_CA_FILE?: string | undefined
}): TlsChoice | undefined {
  const { MESH_TLS, MESH_TLS_CERT_FILE: cert, MESH_TLS_KEY_FILE: key, MESH_TLS_CA_FILE: ca } = settings
  if (MESH_TLS === 'off') return undefined
  if (MESH_TLS === 'consul') return 'consul'
  if (cert === undefined || key === undefined || ca === undefined)
    throw new ConfigError('MESH_TLS=files needs MESH_TLS_CERT_FILE, MESH_TLS_KEY_FILE and MESH_TLS_CA_FILE')
  return { cert, key, ca }
}
