import type { KafkaAccess } from '@lepton/events/kafka/settings'
import type { ConsulUser } from '@lepton/setup/consul-rights'
import type { KafkaUser } from '@lepton/setup/kafka-rights'
import type { DatabaseOwner, KeyOwner } from '@lepton/setup/services'

export type TargetService = DatabaseOwner | 'gateway' | 'ops' | 'psp'

export interface Inside {
  consul: string
  /** A service's private key, as its JWK. */
  keyOf(owner: KeyOwner): Promise<string>
  /** The one that it signs events with. */
  eventKeyOf(owner: DatabaseOwner): Promise<string>
  /** With every right. */
  kafka: KafkaAccess
  kafkaAs(user: KafkaUser): Promise<KafkaAccess>
  consulToken(user: ConsulUser): Promise<string>
  pspSecret: string
}

/** A running shop as the journeys see it, and what may happen to it, whatever runs it. */
export interface Target {
  gateway: string
  psp: string
  operatorSecret: string
  /** The gateway's private key, where the shop's files can be read: for tokens it would no longer give. */
  gatewayKey: string | undefined
  /** What can only be reached from within the shop; undefined where the test process cannot. */
  inside: Inside | undefined
  /** How long an order waits for its payment; undefined where that is too long to be waited for. */
  paymentWaitMs: number | undefined
  instances(service: TargetService): Promise<string[]>
  /** SIGKILL; resolves when it runs again. */
  crash(instance: string): Promise<void>
  /** SIGSTOP, to an instance or a server. */
  pause(name: string): Promise<void>
  resume(name: string): Promise<void>
  /** Kills every instance of a service and keeps it down until `bringBack`. */
  takeAway(service: TargetService): Promise<void>
  bringBack(service: TargetService): Promise<void>
  /** More or fewer instances of a service; resolves when they run, and the others are drained. */
  scale(service: TargetService, count: number): Promise<void>
  /** SIGKILL; resolves when the server answers again. */
  crashServer(server: 'postgres' | 'kafka' | 'consul'): Promise<void>
  /** Asks a service's own database, as the role that the service has there. */
  query<T>(owner: DatabaseOwner, sql: string): Promise<T[]>
  /** Changes its schema. */
  alter(owner: DatabaseOwner, sql: string): Promise<void>
  /** What all processes have logged about an order, as `pnpm shop logs --order` finds it; raw lines. */
  logsOf(orderId: string): Promise<string[]>
  close(): Promise<void>
}
