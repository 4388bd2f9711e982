import { homedir } from 'node:os'
import { join } from 'node:path'

/** Servers that run already and that the shop is to use. */
export type GivenServers = { adminDatabaseUrl?: string; consulHttpAddr?: string; kafkaBrokers?: string }

export type LauncherConfig = {
  given: GivenServers
  /** What every child process may know of this machine, and nothing else. */
  inherited: Record<string, string>
  path: string
  javaHome: string | undefined
  kafkaHome: string | undefined
  cacheDir: string
}

const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'NODE_EXTRA_CA_CERTS']

/** Reads what the environment says about servers and tools. An empty variable counts as absent. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): LauncherConfig {
  const read = (name: string) => env[name] || undefined
  const adminDatabaseUrl = read('LEPTON_ADMIN_DATABASE_URL') ?? read('DATABASE_URL')
  const consulHttpAddr = read('CONSUL_HTTP_ADDR')
  const kafkaBrokers = read('KAFKA_BROKERS')
  return {
    given: {
      ...(adminDatabaseUrl === undefined ? {} : { adminDatabaseUrl }),
      ...(consulHttpAddr === undefined ? {} : { consulHttpAddr: withScheme(consulHttpAddr) }),
      ...(kafkaBrokers === undefined ? {} : { kafkaBrokers }),
    },
    inherited: Object.fromEntries(
      INHERITED.flatMap((name) => {
        const value = read(name)
        return value === undefined ? [] : [[name, value]]
      }),
    ),
    path: read('PATH') ?? '',
    javaHome: read('JAVA_HOME'),
    kafkaHome: read('KAFKA_HOME'),
    cacheDir: read('LEPTON_CACHE_DIR') ?? join(read('XDG_CACHE_HOME') ?? systemCache(), 'lepton'),
  }
}

/** What programs that fetch or build may see: all of it, for they need proxies, certificates and their own settings. */
export function toolEnvironment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  return { ...process.env, ...extra }
}

function systemCache(): string {
  return process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache')
}

/** Consul's own tools accept an address without a scheme. */
function withScheme(address: string): string {
  return address.includes('://') ? address : `http://${address}`
}
