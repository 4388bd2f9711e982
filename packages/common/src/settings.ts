import { hostname } from 'node:os'
import { z } from 'zod'
import { TOKEN_AUDIENCES } from './http/passed.ts'
import { DISCOVERY_NAMES } from './mesh/choose-discovery.ts'
import { POLICY_NAMES } from './mesh/policies/by-name.ts'
import { TLS_SOURCES } from './mesh/tls/security.ts'
import { TRANSPORT_NAMES } from './mesh/transports.ts'
import { fileContent, filePath, whole } from './runtime/config.ts'

/** What Consul takes as metadata. */
const Label = z.string().regex(/^[\w.-]{1,100}$/, 'must be letters, digits, dots, dashes and underscores')

/** What every service instance reads from its environment. Addresses and secrets have no default: a guess would hide a fault. */
export const instanceSettings = z.object({
  /** Names this instance among all running ones; the machine's name where it runs alone on it, as in a container. */
  INSTANCE: z.string().min(1).default(hostname()),
  HOST: z.string().default('127.0.0.1'),
  /**
   * What other processes reach this instance by, `{hostname}` being the machine's name; without it HOST, or the address
   * towards Consul where HOST is every interface.
   */
  ADVERTISE_HOST: z.string().optional(),
  PORT: whole(0, { min: 0, max: 65_535 }),
  /** The port that other processes reach this instance by, where it is not PORT. */
  ADVERTISE_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  /** By when a request must have arrived whole, and its headers. */
  REQUEST_TIMEOUT_MS: whole(15_000, { max: 300_000 }),
  HEADERS_TIMEOUT_MS: whole(10_000, { max: 300_000 }),
  /** Connections of clients at once; more are closed at once. */
  MAX_CONNECTIONS: whole(5_000, { max: 60_000 }),
  /** Event streams of clients at once; more are refused. */
  MAX_STREAMS: whole(1_000, { max: 60_000 }),
  /** Where metrics and health are, away from what clients reach; port 0 takes a free one. */
  OPS_HOST: z.string().default('127.0.0.1'),
  OPS_PORT: whole(0, { min: 0, max: 65_535 }),
  /** Requests worked on at once: at the start, and the bounds of what the instance learns from its own queues. */
  INBOUND_INITIAL: whole(256, { max: 10_000 }),
  INBOUND_MIN: whole(32, { max: 10_000 }),
  INBOUND_MAX: whole(1_024, { max: 10_000 }),
  /** A queue in the instance that is longer than this shrinks what it takes in. */
  INBOUND_QUEUE_MS: whole(40, { max: 10_000 }),
  /** Where other services may talk to it by HTTP/2, by gRPC and by frames; port 0 takes a free one. */
  HTTP2_PORT: whole(0, { min: 0, max: 65_535 }),
  GRPC_PORT: whole(0, { min: 0, max: 65_535 }),
  FRAMES_PORT: whole(0, { min: 0, max: 65_535 }),
  /** How an instance of another service is chosen. */
  MESH_POLICY: z.enum(POLICY_NAMES).default('load'),
  /** How instances that speak it are talked to; all speak http1. */
  MESH_TRANSPORT: z.enum(TRANSPORT_NAMES).default('http1'),
  /** Whether services talk by TLS, and where certificates come from: Consul's own authority, or files of another one. */
  MESH_TLS: z.enum(TLS_SOURCES).default('off'),
  /** Whether calls of others without TLS are still taken: while a fleet is changed, and for callers that know none. */
  MESH_TLS_PLAIN: z.enum(['refuse', 'accept']).default('refuse'),
  /** For MESH_TLS=files, all PEM; read again when they change. */
  MESH_TLS_CERT_FILE: filePath().optional(),
  MESH_TLS_KEY_FILE: filePath().optional(),
  MESH_TLS_CA_FILE: filePath().optional(),
  /** Where this instance runs: others of its zone, then of its region, are asked first. */
  ZONE: Label.optional(),
  REGION: Label.optional(),
  /** What traffic can be split by. */
  VERSION: Label.optional(),
  CONSUL_HTTP_ADDR: z.url(),
  /** Holds the ACL token for Consul; read at the start, and again when Consul refuses it. */
  CONSUL_TOKEN_FILE: filePath().optional(),
  /** By which of Consul's interfaces other services are found. */
  MESH_DISCOVERY: z.enum(DISCOVERY_NAMES).default('http'),
  /** Consul's DNS port, for MESH_DISCOVERY=dns. */
  CONSUL_DNS_ADDR: z
    .string()
    .regex(/^[^\s/]+:\d{1,5}$/, 'must be host:port')
    .optional(),
  STATE_DIR: z.string().min(1),
  LEPTON_ENV: z.enum(['development', 'production']).default('production'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  JWT_KEY_FILE: fileContent(),
  JWKS_FILE: filePath(),
  /** Whose tokens count; other than `own` while a fleet is changed that knows no other. */
  TOKEN_AUDIENCE: z.enum(TOKEN_AUDIENCES).default('own'),
  STOP_ON_STDIN_END: z.stringbool().default(false),
  /** How long a stopping instance still answers, so that callers learn to go elsewhere. */
  DRAIN_MS: whole(3_000, { min: 0, max: 60_000 }),
  /** Of the traces that begin here, the share whose spans are collected; what came with a request is followed. */
  TRACE_SAMPLE_RATIO: z.coerce.number().min(0).max(1).default(1),
  /** The newest spans that are kept for the console. */
  TRACE_KEEP_SPANS: whole(5_000, { max: 100_000 }),
  /** Where spans are sent besides, by OTLP over HTTP: `http://jaeger:4318`. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
  /** Where files arm failpoints; in development only. */
  FAILPOINTS_DIR: z.string().min(1).optional(),
})

export type InstanceSettings = z.infer<typeof instanceSettings>
