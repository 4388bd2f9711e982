import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { until } from '@lepton/testing/until'
import { type ConsulClient, createConsulClient } from '../src/mesh/consul.ts'
import { TRANSPORT_NAMES } from '../src/mesh/transports.ts'
import { useConsul } from './mesh-consul-agent.ts'
import { createFleet, reasonsOf } from './mesh-secure.ts'

jest.setTimeout(30_000)

const agent = useConsul()
const fleet = createFleet()
let consul: ConsulClient
let stateDir: string
beforeEach(async () => {
  consul = createConsulClient({ address: agent.address })
  stateDir = await mkdtemp(join(tmpdir(), 'lepton-tls-'))
})
afterEach(async () => {
  await fleet.close()
  await consul.close()
  await rm(stateDir, { recursive: true })
})

/** @returns takes it back */
async function intend(source: string, destination: string, action: 'allow' | 'deny') {
  const intention = { SourceName: source, DestinationName: destination, SourceType: 'consul', Action: action }
  const body = JSON.stringify(intention)
  const answer = await fetch(`${agent.address}/v1/connect/intentions`, { method: 'POST', body })
  const { ID } = (await answer.json()) as { ID: string }
  return () => fetch(`${agent.address}/v1/connect/intentions/${ID}`, { method: 'DELETE' })
}

describe.each(TRANSPORT_NAMES)('%s', (transportName) => {
  it('brings a request across, and each side knows the other by its certificate', async () => {
    const order = await fleet.start('order', { consul })
    const cart = await fleet.call([order.instance], { from: { consul }, transportName })

    const answers = await Promise.all(Array.from({ length: 20 }, () => cart.get()))
    expect(answers.map(({ body }) => body.toString())).toEqual(answers.map(() => 'order'))
  })

  it('asks nothing of another service that answers at that place', async () => {
    let asked = 0
    const wrong = await fleet.start(
      'payment',
      { consul },
      { listener: (_req, res) => void res.end(String(asked++)) },
    )
    const cart = await fleet.call([wrong.instance], { from: { consul }, transportName })

    expect(await reasonsOf(cart.get())).toContain('payment answers in place of order')
    expect(asked).toBe(0)
  })

  it('refuses a caller without a certificate, and one with another authority’s', async () => {
    const order = await fleet.start('order', { consul })
    const plain = await fleet.call([{ ...order.instance, meta: { ...order.instance.meta, tls: '' } }], {
      transportName,
    })

    expect(await reasonsOf(plain.get())).toContain('no instance answered')
    expect(await order.refusals('handshake')).toBeGreaterThan(0)
  })

  it('refuses whom an intention denies, by name and within a second, and takes it again', async () => {
    const order = await fleet.start('order', { consul })
    const cart = await fleet.call([order.instance], { from: { consul }, transportName })
    const payment = await fleet.call([order.instance], { as: 'payment', from: { consul }, transportName })
    await cart.get()
    const restore = await intend('cart', 'order', 'deny')
    const deniedMs = performance.now()
    const why = await until('cart is denied', async () => (await reasonsOf(cart.get())) || undefined)

    expect(performance.now() - deniedMs).toBeLessThan(1_000)
    expect(why).toContain('an intention in Consul denies the calls of order')
    expect((await payment.get()).status).toBe(200)
    expect(await order.refusals('intention')).toBeGreaterThan(0)
    await restore()
    await until('cart is let in', async () => (await cart.get()).status === 200)
  })

  it('takes plain calls besides, where that is wanted', async () => {
    const order = await fleet.start('order', { consul }, { acceptsPlain: true })
    const plain = { ...order.instance, meta: { ...order.instance.meta, tls: '' } }
    const legacy = await fleet.call([plain], { transportName })
    const cart = await fleet.call([order.instance], { from: { consul }, transportName })

    expect((await legacy.get({ method: 'POST', body: 'x'.repeat(70_000) })).body.toString()).toBe('order')
    expect((await cart.get({ method: 'POST', body: 'x'.repeat(70_000) })).body.toString()).toBe('order')
  })
})

it('calls a service without TLS as before, beside instances that have it', async () => {
  const [order, foreign] = [await fleet.start('order', { consul }), await fleet.startPlain('foreign')]
  const cart = await fleet.call([order.instance, foreign], { from: { consul } })
  const seen = new Set<string>()
  for (let count = 0; count < 60; count++) seen.add((await cart.get()).body.toString())

  expect([...seen].sort()).toEqual(['order', 'plain'])
})

it('sends a token over TLS only: to none that claims to speak none, however often it is asked', async () => {
  const [order, foreign] = [await fleet.start('order', { consul }), await fleet.startPlain('foreign')]
  const cart = await fleet.call([order.instance, foreign], { from: { consul } })
  const alone = await fleet.call([foreign], { from: { consul } })
  const headers = { authorization: 'Bearer secret' }
  const seen = new Set<string>()
  for (let count = 0; count < 60; count++) seen.add((await cart.get({ headers })).body.toString())

  expect([...seen]).toEqual(['order'])
  await expect(alone.get({ headers })).rejects.toThrow()
})

it('keeps the certificate where only this user can read it', async () => {
  await fleet.start('order', { consul, stateDir })
  const file = join(stateDir, 'certificate-order.json')
  const { mode } = await until('it is kept', () => stat(file))

  expect(mode & 0o777).toBe(0o600)
})
