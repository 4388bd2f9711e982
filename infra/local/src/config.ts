import { homedir } from 'node:os'
import { join } from 'node:path'
import { kafkaSettings } from '@lepton/events/kafka/settings'
import { CannotStart } from './cannot-start.ts'

/** Servers that run already and that the shop is to use. */
export interface GivenServers {
  adminDatabaseUrl?: string
  consulHttpAddr?: string
  consulTokenFile?: string | undefined
  kafkaBrokers?: string
  /** Who the services and the set-up are to it, as its own settings say. */
  kafkaUser?: Record<string, string>
}

export interface LauncherConfig {
  given: GivenServers
  /** What every child process may know of this machine, and nothing else. */
  inherited: Record<string, string>
  path: string
  javaHome: string | undefined
  kafkaHome: string | undefined
  cacheDir: string
}

const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'NODE_EXTRA_CA_CERTS']

const KAFKA_USER = Object.keys(kafkaSettings.omit({ KAFKA_BROKERS: true }).shape)

/** Stated to every child process instead of inherited: names in UTF-8, one clock for all logs. */
const STATED = { LANG: 'C.UTF-8', TZ: 'UTC' }

/**
 * Reads what the environment says about servers and tools. An empty variable counts as absent.
 *
 * @throws CannotStart for an address that is none
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): LauncherConfig {
  const read = (name: string) => env[name] || undefined
  const adminName =
    read('LEPTON_ADMIN_DATABASE_URL') === undefined ? 'DATABASE_URL' : 'LEPTON_ADMIN_DATABASE_URL'
  const adminDatabaseUrl = url(adminName, read(adminName), 'postgres://role:password@host:5432/postgres')
  const consulHttpAddr = url(
    'CONSUL_HTTP_ADDR',
    withScheme(read('CONSUL_HTTP_ADDR')),
    'http://127.0.0.1:8500',
  )
  const kafkaBrokers = read('KAFKA_BROKERS')
  return {
    given: {
      ...(adminDatabaseUrl === undefined ? {} : { adminDatabaseUrl }),
      ...(consulHttpAddr === undefined ? {} : { consulHttpAddr, consulTokenFile: read('CONSUL_TOKEN_FILE') }),
      ...(kafkaBrokers === undefined ? {} : { kafkaBrokers, kafkaUser: pick(env, KAFKA_USER) }),
    },
    inherited: {
      ...pick(env, INHERITED),
      ...STATED,
    },
    path: read('PATH') ?? '',
    javaHome: read('JAVA_HOME'),
    kafkaHome: read('KAFKA_HOME'),
    cacheDir: read('LEPTON_CACHE_DIR') ?? join(read('XDG_CACHE_HOME') ?? systemCache(), 'lepton'),
  }
}

function pick(env: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = env[name] || undefined
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** What programs that fetch or build may see: all of it, for they need proxies, certificates and their own settings. */
export function toolEnvironment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  return { ...process.env, ...extra }
}

function systemCache(): string {
  return process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache')
}

/** Consul's own tools accept an address without a scheme. */
function withScheme(address: string | undefined): string | undefined {
  return address === undefined || address.includes('://') ? address : `http://${address}`
}

function url(name: string, value: string | undefined, example: string): string | undefined {
  if (value === undefined || URL.canParse(value)) return value
  throw new CannotStart(`${name} is not an address such as ${example}.`)
}
