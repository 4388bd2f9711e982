import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals'
import { until } from '@lepton/testing/until'
import { type ConsulClient, createConsulClient } from '../src/mesh/consul.ts'
import { createConsulAgent } from './mesh-consul-agent.ts'
import { createFleet, reasonsOf } from './mesh-secure.ts'

/** Consul gives new certificates within half a minute after its authority has changed. */
jest.setTimeout(90_000)

const fleet = createFleet()
let agent: Awaited<ReturnType<typeof createConsulAgent>>
let consul: ConsulClient
let stateDir: string
beforeEach(async () => {
  agent = await createConsulAgent(process.env.TEST_CONSUL_BINARY!)
  await agent.start()
  consul = createConsulClient({ address: agent.address })
  stateDir = await mkdtemp(join(tmpdir(), 'lepton-renewal-'))
})
afterEach(async () => {
  await fleet.close()
  await consul.close()
  await agent.stop()
  await rm(stateDir, { recursive: true })
})

/** A root of its own key, as an operator changes it. */
async function replaceAuthority(): Promise<void> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const PrivateKey = privateKey.export({ type: 'sec1', format: 'pem' })
  const body = JSON.stringify({ Provider: 'consul', Config: { PrivateKey, RotationPeriod: '2160h' } })
  const answer = await fetch(`${agent.address}/v1/connect/ca/configuration`, { method: 'PUT', body })
  expect([answer.status, await answer.text()]).toEqual([200, ''])
}

/** The certificate that a service holds, by the file in which it keeps it. */
async function certificateOf(service: string): Promise<string> {
  const text = await readFile(join(stateDir, `certificate-${service}.json`), 'utf8')
  return (JSON.parse(text) as { cert: string }).cert
}

/** @returns whether both have others by now */
async function certificates(): Promise<() => Promise<boolean>> {
  const both = () => Promise.all(['order', 'cart'].map(certificateOf))
  const before = await until('both have certificates', both)
  return async () => (await both()).every((certificate, index) => certificate !== before[index])
}

it('loses no request while the authority is replaced under load', async () => {
  const order = await fleet.start('order', { consul, stateDir })
  const cart = await fleet.call([order.instance], { from: { consul, stateDir } })
  const areRenewed = await certificates()
  const failures: string[] = []
  let isOver = false
  let calls = 0
  async function load(): Promise<void> {
    while (!isOver) {
      // A connection of its own each time: those that are kept have shown their certificates.
      const caller = cart.again()
      const reasons = await reasonsOf(caller.get())
      if (reasons !== '') failures.push(reasons)
      await caller.close()
      calls += 1
    }
  }
  const loads = [load(), load()]
  await replaceAuthority()
  await until('both have new certificates', areRenewed, { timeoutMs: 80_000 })
  const before = calls
  await until('calls are made with them', () => calls > before + 50)
  isOver = true
  await Promise.all(loads)

  expect(failures).toEqual([])
})

it('goes on while Consul is away, and starts from what it kept', async () => {
  const [orderDir, cartDir] = [join(stateDir, 'order'), join(stateDir, 'cart')]
  const first = await fleet.start('order', { consul, stateDir: orderDir })
  const cart = await fleet.call([first.instance], { from: { consul, stateDir: cartDir } })
  await cart.get()
  for (const name of ['order/certificate-order', 'cart/certificate-cart', 'order/intentions-order'])
    await until('all is kept', () => stat(join(stateDir, `${name}.json`)))
  await agent.stop()

  expect((await cart.again().get()).status).toBe(200)
  const second = await fleet.start('order', { consul, stateDir: orderDir })
  const late = await fleet.call([second.instance], { from: { consul, stateDir: cartDir } })
  expect((await late.get()).body.toString()).toBe('order')
})

it('knows the others again when Consul has lost everything, its authority too', async () => {
  const order = await fleet.start('order', { consul, stateDir })
  const cart = await fleet.call([order.instance], { from: { consul, stateDir } })
  const areRenewed = await certificates()
  await agent.stop()
  await agent.start()
  await until('both have new certificates', areRenewed, { timeoutMs: 40_000 })

  expect((await cart.again().get()).status).toBe(200)
})
