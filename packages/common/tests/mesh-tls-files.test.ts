import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { until } from '@lepton/testing/until'
import { type ConsulClient, createConsulClient } from '../src/mesh/consul.ts'
import { TRANSPORT_NAMES } from '../src/mesh/transports.ts'
import { useConsul } from './mesh-consul-agent.ts'
import { createFleet, reasonsOf } from './mesh-secure.ts'
import { authorityIn, hasOpenssl } from '../bench/mesh/authority.ts'

jest.setTimeout(30_000)

const idOf = (service: string, path = 'ns/shop/sa') => `URI:spiffe://example.org/${path}/${service}`

const agent = useConsul()
const fleet = createFleet()
let consul: ConsulClient
let folder: string
beforeEach(async () => {
  consul = createConsulClient({ address: agent.address })
  folder = await mkdtemp(join(tmpdir(), 'lepton-files-'))
})
afterEach(async () => {
  await fleet.close()
  await consul.close()
  await rm(folder, { recursive: true })
})

const withOpenssl = hasOpenssl ? describe : describe.skip

withOpenssl('certificates of another authority', () => {
  it.each(TRANSPORT_NAMES)('let services know each other (%s)', async (transportName) => {
    const authority = authorityIn(folder)
    const order = await fleet.start('order', { consul, choice: authority.issue(idOf('order')) })
    const from = { consul, choice: authority.issue(idOf('cart')) }
    const cart = await fleet.call([order.instance], { from, transportName })

    expect((await cart.get()).body.toString()).toBe('order')
  })

  it('may have DNS names instead of SPIFFE ids', async () => {
    const authority = authorityIn(folder)
    const order = await fleet.start('order', { consul, choice: authority.issue('DNS:order') })
    const wrong = await fleet.start('payment', { consul, choice: authority.issue('DNS:payment') })
    const from = { consul, choice: authority.issue('DNS:cart') }

    expect((await (await fleet.call([order.instance], { from })).get()).status).toBe(200)
    expect(await reasonsOf((await fleet.call([wrong.instance], { from })).get())).toContain('payment answers')
  })

  it.each([
    ['another authority', 'strange', idOf('cart')],
    ['another namespace', 'outside', idOf('cart', 'ns/other/sa')],
    ['no service', 'outside', 'URI:spiffe://example.org/agent/cart'],
  ])('are refused where they are of %s', async (_what, by, altName) => {
    let asked = 0
    const authority = authorityIn(folder)
    const own = authority.issue(idOf('order'))
    const order = await fleet.start('order', { consul, choice: own }, { listener: () => void (asked += 1) })
    const strange = authorityIn(folder, by === 'outside' ? 'second' : by)
    const files = (by === 'outside' ? authority : strange).issue(altName)
    const status = await fleet.knock(order.instance, files, own.ca)

    expect(status).toBe('refused')
    expect(asked).toBe(0)
  })

  it('are read again when they are replaced, and the last good one stays while they do not fit', async () => {
    const authority = authorityIn(folder)
    const [first, second] = [authority.issue(idOf('order')), authority.issue(idOf('order'))]
    const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem'), ca: authority.ca }
    copyFileSync(first.cert, files.cert)
    copyFileSync(first.key, files.key)
    const order = await fleet.start('order', { consul, choice: files })
    const cart = await fleet.call([order.instance], {
      from: { consul, choice: authority.issue(idOf('cart')) },
    })
    const before = order.identity.connectTo('cart')
    writeFileSync(files.cert, 'none')
    expect((await cart.get()).status).toBe(200)
    copyFileSync(second.key, files.key)
    writeFileSync(files.cert, readFileSync(second.cert))

    await until('the second is in use', () => order.identity.connectTo('cart') !== before)
    expect(await fleet.certificateAt(order.instance, authority.issue(idOf('cart')))).toBe(
      readFileSync(second.cert, 'utf8').trim(),
    )
    expect((await cart.get()).status).toBe(200)
  })
})
