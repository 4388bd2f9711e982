import { DATABASE_OWNERS, type DatabaseOwner } from '@lepton/setup/services'
import type { PortChooser } from './ports.ts'

/** A way from one process to another: `from` and `to` are instances, servers, or `mesh` for the callers of an instance. */
export interface Edge {
  from: string
  to: string
  address: string
}

/** What stands between the processes: gives the host:port by which an edge is walked, each time the same. */
export type Via = (edge: Edge) => Promise<string>

/** A door of Kafka's own for one instance: a client is sent back to the door by which it came. */
export interface KafkaListener {
  instance: string
  address: string
  advertised: string
}

const EDGES = {
  DATABASE_URL: 'postgres',
  CONSUL_HTTP_ADDR: 'consul',
  PSP_URL: 'psp-1',
  WEBHOOK_URL: 'gateway-1',
} as const

/** The environment of an instance with every address led over `via`. */
export async function leadOver(
  via: Via,
  instance: string,
  env: Record<string, string>,
  listeners: readonly KafkaListener[],
): Promise<Record<string, string>> {
  const led = { ...env }
  for (const [variable, to] of Object.entries(EDGES)) {
    const value = env[variable]
    if (value === undefined) continue
    const { host } = new URL(value)
    led[variable] = value.replace(host, await via({ from: instance, to, address: host }))
  }
  const door = listeners.find((listener) => listener.instance === instance)
  if (door !== undefined) led['KAFKA_BROKERS'] = door.advertised
  const { PORT } = env
  if (PORT !== undefined && PORT !== '0') {
    const address = await via({ from: 'mesh', to: instance, address: `127.0.0.1:${PORT}` })
    led['ADVERTISE_PORT'] = new URL(`http://${address}`).port
  }
  return led
}

export async function kafkaListeners(
  via: Via,
  ports: PortChooser,
  countOf: (service: DatabaseOwner) => number,
): Promise<KafkaListener[]> {
  const names = DATABASE_OWNERS.flatMap((service) =>
    Array.from({ length: countOf(service) }, (_, index) => `${service}-${index + 1}`),
  )
  const listeners: KafkaListener[] = []
  for (const instance of names) {
    const address = `127.0.0.1:${await ports.choose(`kafka-for-${instance}`)}`
    listeners.push({ instance, address, advertised: await via({ from: instance, to: 'kafka', address }) })
  }
  return listeners
}
