import { Agent } from 'node:https'
import type { Service } from '@lepton/contracts/services'
import { KEY_OWNERS } from '@lepton/setup/services'

interface Entry {
  Service: { Address: string; Port: number; Meta: Record<string, string> }
}

export interface Page {
  listener: string
  series: number
  /** The best of some tries (ms): the process has other work, too. */
  tookMs: number
}

const TRIES = 5

/** The instances that answer now: Consul keeps one that was killed until its check fails. */
async function entriesOf(consul: string, service: Service): Promise<Entry[]> {
  const answer = await fetch(`${consul}/v1/health/service/${service}?passing=true`)
  const entries = (await answer.json()) as Entry[]
  const alive = await Promise.all(entries.map(isAlive))
  return entries.filter((_, index) => alive[index])
}

const opsOf = ({ Service: { Meta } }: Entry) => `http://${Meta['ops_address']}:${Meta['ops_port']}`

async function isAlive(entry: Entry): Promise<boolean> {
  return await fetch(`${opsOf(entry)}/livez`).then(
    ({ ok }) => ok,
    () => false,
  )
}

/** Where one instance of a service answers the others. */
export async function addressOf(consul: string, service: Service): Promise<string> {
  const [entry] = await entriesOf(consul, service)
  if (entry === undefined) throw new Error(`no instance of ${service} in Consul answers`)
  const { Address, Port, Meta } = entry.Service
  return `${Meta['tls'] === undefined ? 'http' : 'https'}://${Address}:${Port}`
}

/** Connections with the certificate of a service, as one that has been taken over can make them. */
export async function agentOf(consul: string, service: Service, token: string): Promise<Agent> {
  const ask = async <T>(path: string) =>
    (await (
      await fetch(`${consul}/v1/agent/connect/ca/${path}`, { headers: { 'x-consul-token': token } })
    ).json()) as T
  const { Roots } = await ask<{ Roots: { RootCert: string }[] }>('roots')
  const leaf = await ask<{ CertPEM: string; PrivateKeyPEM: string }>(`leaf/${service}`)
  return new Agent({
    keepAlive: true,
    maxSockets: 16,
    ca: Roots.map(({ RootCert }) => RootCert),
    cert: leaf.CertPEM,
    key: leaf.PrivateKeyPEM,
    checkServerIdentity: () => undefined,
  })
}

/** Where every process answers `/metrics`, as it registered itself. */
export async function opsListeners(consul: string): Promise<string[]> {
  const entries = await Promise.all(KEY_OWNERS.map((service) => entriesOf(consul, service)))
  return entries.flat().map(opsOf)
}

export async function readPage(listener: string): Promise<Page> {
  let [series, tookMs] = [0, Number.POSITIVE_INFINITY]
  for (let tries = 0; tries < TRIES; tries++) {
    const startedAt = performance.now()
    const page = await (await fetch(`${listener}/metrics`)).text()
    tookMs = Math.min(tookMs, performance.now() - startedAt)
    series = page.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
  }
  return { listener, series, tookMs }
}
