import type { LauncherConfig } from '@lepton/local/config'
import type { Machine } from '../machines.ts'
import type { ServerSecrets } from './server-secrets.ts'
import type { ServerTools } from './server-tools.ts'

/** Three Consul servers, three Kafka brokers and a PostgreSQL with two standbys: one of each on each machine. */
export interface Servers {
  /** Has what is beside the shop, not on a machine: an agent of Consul, and the way to the primary. */
  dir: string
  machines: readonly Machine[]
  tools: ServerTools
  secrets: ServerSecrets
  config: LauncherConfig
  /** What their programs may know of this machine. */
  env: Record<string, string>
  signal: AbortSignal
}
