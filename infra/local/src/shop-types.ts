import type { KafkaAccess } from '@lepton/events/kafka/settings'
import type { DatabaseOwner } from '@lepton/setup/services'
import type { LauncherConfig } from './config.ts'
import type { InstanceInfo } from './fleet.ts'
import type { ServerName } from './server.ts'
import type { ServiceName, ServiceSettings } from './services.ts'
import type { ProcessStatus } from './process-spec.ts'
import type { Via } from './via.ts'

export type Progress =
  | { type: 'done'; step: string; tookMs: number }
  | { type: 'note'; message: string }
  | { type: 'crashed'; name: string; reason: string; restartInMs: number; logFile: string }
  | { type: 'recovered'; name: string; afterMs: number }

export interface ShopOptions {
  /** The checkout whose services are run. */
  root: string
  stateDir: string
  /** Default ports where they are free, or free ones only: the latter for a shop next to another. */
  useDefaultPorts?: boolean
  isFresh?: boolean
  /** A backup to begin with. */
  restoreFrom?: string
  instances?: Partial<Record<ServiceName, number>>
  env?: ServiceSettings
  /** Proxies between the processes, by which a test disturbs them. */
  via?: Via
  probe?: boolean
  /** Ready once one instance of each service is and the probe went through; the others start then: see `whole`. */
  isReadyEarly?: boolean
  config?: LauncherConfig
  onProgress?: (progress: Progress) => void
  signal?: AbortSignal
}

export interface ServerInfo {
  name: ServerName
  title: string
  address: string
  status: ProcessStatus | 'given'
  pid: number | undefined
  restarts: number
}

export interface Shop {
  urls: { gateway: string; api: string; docs: string; consul: string; psp: string }
  stateDir: string
  /** With every right. */
  kafka: KafkaAccess
  /** For questions to a service's own database, as its own role. */
  databaseUrl: (owner: DatabaseOwner) => string
  /** As the administrator of the server, in a service's own database or beside all of them. */
  adminUrl: (owner?: DatabaseOwner) => string
  operatorSecretFile: string
  instances: () => InstanceInfo[]
  /** Resolves when every instance that was asked for is ready; rejects when one of them was given up. */
  whole: Promise<void>
  servers: () => ServerInfo[]
  add: (service: ServiceName) => Promise<string>
  /** Drains it first. */
  remove: (instance: string) => Promise<void>
  restart: (instance: string) => Promise<void>
  /** Signals it (SIGKILL); what ends is started again. */
  kill: (instance: string, signal?: NodeJS.Signals) => void
  pause: (instance: string) => void
  resume: (instance: string) => void
  /** Resolves when the instance, or everything, is ready. */
  ready: (instance?: string) => Promise<void>
  killServer: (server: ServerName, signal?: NodeJS.Signals) => void
  pauseServer: (server: ServerName) => void
  resumeServer: (server: ServerName) => void
  restartServer: (server: ServerName) => Promise<void>
  serverReady: (server: ServerName) => Promise<void>
  /**
   * Kafka loses its log, its groups and its id. The topics are made when `refill` is through: until then no service
   * can send, so whatever it puts into the outboxes comes first.
   */
  wipeKafka: (refill?: () => Promise<void>) => Promise<void>
  /** Consul loses everything; what others know of it comes back. */
  wipeConsul: () => Promise<void>
  /** Replaces a secret, named by its kind and its owner, and says what was done. */
  rotate: (secret: readonly string[]) => Promise<string>
  /** Drains and ends everything, servers last; within 10 s. */
  stop: () => Promise<void>
}
