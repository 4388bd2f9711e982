import type { Restore } from './backup/restore.ts'
import type { LauncherConfig } from './config.ts'
import type { PortChooser } from './ports.ts'
import type { ProcessSpec } from './process-spec.ts'
import type { State } from './state.ts'
import type { KafkaListener } from './via.ts'

export type ServerName = 'postgres' | 'kafka' | 'consul'

export const SERVER_NAMES: readonly ServerName[] = ['postgres', 'kafka', 'consul']

/** A server of the shop: one that it starts itself (`spec`) or one that it was given. */
export interface Server {
  name: ServerName
  title: string
  /** What other processes reach it by: a URL, or host:port for Kafka. */
  address: string
  spec?: ProcessSpec
  /** What may be deleted while it is stopped, since others can give it back. */
  wipeable?: string
  /** Called when it was stopped, in order or by force. */
  onStopped?: (inOrder: boolean) => void
}

/** What a program is looked for with, and fetched where there is none. */
export interface Finding {
  config: LauncherConfig
  /** Tells the person who waits what takes long. */
  note: (message: string) => void
  signal: AbortSignal
}

export interface ServerDeps extends Finding {
  state: State
  ports: PortChooser
  useDefaultPorts: boolean
  logFile: (name: string) => string
  /** Where its data comes from, if it has none yet. */
  restore?: Restore
  /** Whether Kafka and Consul ask who their clients are, and what they may do; they do not for tests of what needs no shop. */
  isGuarded?: boolean
  /** Besides Kafka's ordinary one. */
  kafkaListeners?: readonly KafkaListener[]
}
