import { constants, X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import {
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  type TlsOptions,
  type TLSSocket,
} from 'node:tls'
import type { Log } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import { callerOn } from './callers.ts'
import type { Credentials, CredentialSource } from './credentials.ts'
import { type Naming, namingOf, serviceNamed } from './names.ts'
import { takePlain } from './plain.ts'

/** How a connection to one service is made, until the certificate of this process is renewed. */
export interface ClientTls {
  secureContext: SecureContext
  /** The service that was meant must answer, wherever it is. */
  checkServerIdentity(host: string, certificate: PeerCertificate): Error | undefined
}

/** How connections to one endpoint are made, at the moment at which one is. */
export type SecureWay = () => ClientTls

/** What a server needs: its options, then `keep` once it is made. */
export interface ServerTls {
  options(): TlsOptions
  /** The server, which goes on with a renewed certificate. */
  keep<S extends Server>(server: S): S
  callerOn(socket: Socket): string | undefined
}

/** Who this process is to others, and how it knows them. */
export interface Identity {
  /** Settles with the first certificate. */
  ready: Promise<void>
  isReady(): boolean
  /** Whether calls without TLS are taken, and made with a token in them: while a fleet is changed. */
  acceptsPlain: boolean
  /** @throws Error before the first certificate */
  connectTo(service: string): ClientTls
  server: ServerTls
  /** Counts a caller that is not let in. */
  refuse(reason: 'handshake' | 'unnamed' | 'intention'): void
  close(): Promise<void>
}

/** By when a connection must have said who it is. */
const HANDSHAKE_MS = 3_000
const COMMON: SecureContextOptions = {
  minVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
  // A resumed connection is not asked again who it is.
  secureOptions: constants.SSL_OP_NO_TICKET,
}

interface Current {
  options: SecureContextOptions
  context: SecureContext
  naming: Naming
  expiresMs: number
  clients: Map<string, ClientTls>
}

/**
 * The certificate of this process, always the latest that its source gave, for all connections that begin from then on;
 * those that are open stay as they are.
 */
export function createIdentity(
  source: CredentialSource,
  {
    service,
    log,
    metrics,
    acceptsPlain = false,
  }: { service: string; log: Log; metrics: Metrics; acceptsPlain?: boolean },
): Identity {
  const { promise: ready, resolve } = Promise.withResolvers<void>()
  const servers = new Set<Server>()
  let current: Current | undefined
  const refused = metrics.counter({
    name: 'mesh_tls_refused_total',
    help: 'Connections and requests of other services that were refused for who they are',
    labelNames: ['reason'],
  })
  metrics.gauge({
    name: 'mesh_tls_certificate_expires_seconds',
    help: 'When the certificate of this process expires, in seconds since 1970',
    collect: (gauge) => gauge.set((current?.expiresMs ?? 0) / 1_000),
  })

  function use(credentials: Credentials): void {
    try {
      const next = currentOf(credentials, service)
      current = next
      for (const server of servers) server.setSecureContext(next.options)
      log.info({ expires_at: new Date(next.expiresMs).toISOString() }, 'certificate in use')
      resolve()
    } catch (error) {
      log.error({ err: error }, 'a certificate cannot be used: the last one stays')
    }
  }

  const following = source.follow(use)
  const naming = () => current?.naming ?? { prefixes: [] }
  const refuse: Identity['refuse'] = (reason) => refused.inc({ reason })

  return {
    ready,
    isReady: () => current !== undefined,
    acceptsPlain,
    connectTo(to) {
      if (current === undefined) throw new Error('this process has no certificate yet')
      const known = current.clients.get(to)
      if (known !== undefined) return known
      const client: ClientTls = {
        secureContext: current.context,
        checkServerIdentity: (_host, { raw }) => faultOf(raw, to, naming()),
      }
      current.clients.set(to, client)
      return client
    },
    server: {
      options: () => ({
        ...COMMON,
        ...current?.options,
        requestCert: true,
        rejectUnauthorized: true,
        handshakeTimeout: HANDSHAKE_MS,
      }),
      keep(server) {
        servers.add(server)
        if (current !== undefined) server.setSecureContext(current.options)
        server.once('close', () => servers.delete(server))
        server.on('tlsClientError', (error: Error) => {
          refuse('handshake')
          log.debug({ err: error }, 'a connection was refused')
        })
        server.prependListener(
          'secureConnection',
          (socket: Partial<Pick<TLSSocket, 'encrypted'>> & Socket) => {
            if (!socket.encrypted || callerOn(socket, naming()) !== undefined) return
            refuse('unnamed')
            socket.destroy()
          },
        )
        if (acceptsPlain) takePlain(server, HANDSHAKE_MS)
        return server
      },
      callerOn: (socket) => callerOn(socket, naming()),
    },
    refuse,
    close: () => following.close(),
  }
}

/** @throws Error where certificate, key and authority do not belong together, or the certificate is another service's */
function currentOf({ cert, key, ca, trustDomains }: Credentials, service: string): Current {
  const own = new X509Certificate(cert)
  const naming = namingOf(own.subjectAltName, trustDomains)
  const named = serviceNamed(own.subjectAltName, naming)
  if (named !== service)
    throw new Error(`the certificate is that of ${named ?? 'no service'}, not of ${service}`)
  const options = { ...COMMON, cert, key, ca: [...ca] }
  return {
    options,
    context: createSecureContext(options),
    naming,
    expiresMs: own.validToDate.getTime(),
    clients: new Map(),
  }
}

function faultOf(raw: Buffer, meant: string, naming: Naming): Error | undefined {
  const named = serviceNamed(new X509Certificate(raw).subjectAltName, naming)
  return named === meant ? undefined : new Error(`${named ?? 'no service'} answers in place of ${meant}`)
}
