import { z } from 'zod'

/** One place a service answers at, as Consul's catalogue knows it. */
export interface ServiceInstance {
  /** One for each place: a service's own id is unique on its node only, and may move to another port. */
  id: string
  /** Stable across restarts: `order-1`. */
  name: string
  address: string
  port: number
  tags: string[]
  meta: Record<string, string>
  /** Its own check asks for less traffic. */
  isWarning: boolean
  /** What it should get, in relation to the other instances. */
  weight: number
}

export interface ServiceDefinition {
  id: string
  name: string
  address: string
  port: number
  tags: string[]
  meta: Record<string, string>
  check: {
    /** An HTTP address that answers 2xx, or `tcp://host:port` that accepts a connection. */
    url: string
    intervalS: number
    timeoutS: number
    failuresBeforeCritical: number
    deregisterAfterMin: number
  }
}

export interface KeyValue {
  key: string
  value: string
  /** For a write that must not undo another's. */
  modifyIndex: number
}

/** Consul's answers, as far as they are read. */
export const KeyEntries = z.array(
  z.object({ Key: z.string(), Value: z.string().nullable(), ModifyIndex: z.number() }),
)

export const HealthEntry = z.object({
  Node: z.object({ Node: z.string().default(''), Address: z.string().default('') }),
  Service: z.object({
    ID: z.string().min(1),
    Address: z.string().nullish(),
    Port: z.number().int().min(1).max(65_535),
    Tags: z.array(z.string()).nullish(),
    Meta: z.record(z.string(), z.string()).nullish(),
    Weights: z.object({ Passing: z.number().min(0).max(65_535) }).nullish(),
  }),
  Checks: z.array(z.object({ Status: z.string() })).nullish(),
})

export function toKeyValue({ Key, Value, ModifyIndex }: z.infer<typeof KeyEntries>[number]): KeyValue {
  return { key: Key, value: Buffer.from(Value ?? '', 'base64').toString(), modifyIndex: ModifyIndex }
}

export function toInstance({ Node, Service, Checks }: z.infer<typeof HealthEntry>): ServiceInstance[] {
  const statuses = (Checks ?? []).map((check) => check.Status)
  if (!statuses.every((status) => status === 'passing' || status === 'warning')) return []
  const meta = Service.Meta ?? {}
  const address = Service.Address || Node.Address
  return [
    {
      id: `${Node.Node}/${Service.ID}@${address}:${Service.Port}`,
      name: meta.instance ?? Service.ID,
      address,
      port: Service.Port,
      tags: Service.Tags ?? [],
      meta,
      isWarning: statuses.includes('warning'),
      weight: Service.Weights?.Passing ?? 1,
    },
  ]
}
