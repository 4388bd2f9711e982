import { tmpdir } from 'node:os'
import { createLog, type Log } from '../runtime/log.ts'
import { createMetrics } from '../runtime/metrics.ts'
import { createMeshClient, type MeshClient } from './client.ts'
import { type ConsulClient, createConsulClient } from './consul.ts'
import { type Control, createControl } from './control/control.ts'
import { chooseDiscovery } from './choose-discovery.ts'
import type { MeshSettings } from './settings.ts'
import { createSecurity, type Security, type TlsChoice } from './tls/security.ts'

export interface MeshOptions {
  /** The service that this process is: settings of pairs and limits of callers go by it. */
  name: string
  /** Consul's HTTP address. */
  consul: string
  /** Holds the ACL token for Consul; read again when Consul refuses it. */
  tokenFile?: string
  /** Calls instances that speak TLS by it, with a certificate of Consul's own authority or from files. */
  tls?: TlsChoice
  /** Consul's DNS port, as `127.0.0.1:8600`: instances are found by it, and without it over HTTP. */
  dns?: string
  /** Where the last known instances and settings are kept, for a start while Consul is away. */
  stateDir?: string
  logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

export interface MeshParts {
  consul: ConsulClient
  client: MeshClient
  control: Control
  /** Where TLS is wanted. */
  security: Security | undefined
  log: Log
  close(): Promise<void>
}

/** What a program needs to call services: settings from Consul, the instances, and a client over both. */
export function connectMesh(
  { name, consul: address, tokenFile, tls, dns, stateDir = tmpdir(), logLevel = 'warn' }: MeshOptions,
  settings: Partial<MeshSettings>,
): MeshParts {
  const log = createLog({ service: name, instance: name, level: logLevel })
  const metrics = createMetrics()
  const consul = createConsulClient({ address, tokenFile })
  const discovery = chooseDiscovery({ consul, dns, isSecure: tls !== undefined }, { stateDir, log, metrics })
  const control = createControl({ consul, caller: name, stateDir, log, metrics })
  const security = tls && createSecurity(tls, { consul, service: name, stateDir, log, metrics })
  const identity = security?.identity
  const client = createMeshClient({ discovery, identity, control, log, metrics, settings })
  return {
    consul,
    client,
    control,
    security,
    log,
    async close() {
      await client.close()
      await Promise.all([control.close(), discovery.close(), security?.close()])
      await consul.close()
    },
  }
}
