import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { newId } from '@lepton/common/runtime/id'
import { getCart } from '@lepton/contracts/cart-routes'
import { receiveStock } from '@lepton/contracts/inventory-routes'
import type { CurrentSession } from '@lepton/contracts/session'
import type { ShopAnswer, ShopClient } from '@lepton/testing/shop-client'
import { SESSION_AUDIENCE } from '../src/identity.ts'
import { useGateway } from './gateway.ts'

const DAY_S = 86_400
const { identity, mesh, lines, startGateway, connect } = useGateway()
let origin: string
let shop: ShopClient

interface Session {
  token: string
  customer_id: string
  expires_at: string
}

beforeAll(async () => {
  origin = await startGateway()
  shop = connect(origin)
  mesh.answer(getCart, () => ({ status: 200, body: {} }))
  mesh.answer(receiveStock, () => ({ status: 200, body: {} }))
})
beforeEach(() => void (lines.length = 0))

const nowS = () => Math.floor(Date.now() / 1_000)
const begin = (headers: Record<string, string> = {}) =>
  shop.ask<Session>('POST', '/api/v1/session', { headers })
const cookieOf = ({ headers }: ShopAnswer) => String(headers['set-cookie']).split(';')[0]!
const statusWith = async (headers: Record<string, string>) =>
  (await shop.ask('GET', '/api/v1/cart', { headers })).status

/** A token of a session that began `ageS` ago. */
function tokenOf(
  subject: string,
  { ageS, ttlS, audience }: { ageS: number; ttlS: number; audience?: string },
) {
  const session = { id: newId(), began_at: nowS() - ageS }
  const options = { ttlS, ...(audience !== undefined && { audience }) }
  return identity.signerOf('gateway').sign({ subject, role: 'customer', session }, options)
}

describe('a page that is not ours', () => {
  it.each([
    ['by its Origin', { origin: 'http://evil.example' }],
    ['by an Origin without a name', { origin: 'null' }],
    ['by the scheme of its Origin', () => ({ origin: origin.replace('http:', 'https:') })],
    ['by what the browser says of it', { 'sec-fetch-site': 'cross-site' }],
  ])('begins, renews and ends no session: it is known %s', async (_how, given) => {
    const foreign = typeof given === 'function' ? given() : given
    const cookie = cookieOf(await begin())

    for (const headers of [foreign, { ...foreign, cookie }]) {
      const answers = [
        await begin(headers),
        await shop.ask('DELETE', '/api/v1/session', { headers }),
        await shop.ask('POST', '/api/v1/session/operator', { headers, body: { secret: secret() } }),
      ]
      for (const { status, headers: sent } of answers) {
        expect([status, sent['set-cookie']]).toEqual([403, undefined])
      }
    }
    expect(await statusWith({ cookie })).toBe(200)
  })
})

describe('a bearer token', () => {
  it('is renewed for the same customer after it expired, and makes no cookie', async () => {
    const subject = newId()
    const authorization = `Bearer ${await tokenOf(subject, { ageS: DAY_S, ttlS: -3_600 })}`
    expect(await statusWith({ authorization })).toBe(401)

    const renewed = await begin({ authorization })

    expect(renewed.body.customer_id).toBe(subject)
    expect(renewed.headers['set-cookie']).toBeUndefined()
    expect(await statusWith({ authorization: `Bearer ${renewed.body.token}` })).toBe(200)
  })

  it('ends for good with its session', async () => {
    const subject = newId()
    const old = `Bearer ${await tokenOf(subject, { ageS: 31 * DAY_S, ttlS: 900 })}`
    const nearly = await begin({
      authorization: `Bearer ${await tokenOf(subject, { ageS: 30 * DAY_S - 60, ttlS: 60 })}`,
    })

    expect(await statusWith({ authorization: old })).toBe(401)
    expect((await begin({ authorization: old })).body.customer_id).not.toBe(subject)
    expect(nearly.body.customer_id).toBe(subject)
    expect(Date.parse(nearly.body.expires_at) / 1_000 - nowS()).toBeLessThanOrEqual(61)
  })

  it('is not replaced where only the cookie is good, nor the cookie where only the token is not', async () => {
    const session = await begin()
    const cookie = cookieOf(session)

    const answer = await begin({ authorization: 'Bearer not.a.token', cookie })

    expect(answer.body.customer_id).toBe(session.body.customer_id)
    expect(answer.headers['set-cookie']).toBeUndefined()
  })
})

describe('a cookie', () => {
  it('of a session that is too old is worth nothing', async () => {
    const token = await tokenOf(newId(), { ageS: 31 * DAY_S, ttlS: 900, audience: SESSION_AUDIENCE })

    expect(await statusWith({ cookie: `lepton_session=${token}` })).toBe(401)
  })
})

describe('signing out', () => {
  it('ends the cookie and the bearer tokens of the session, and no other session', async () => {
    const [mine, other] = [await begin(), await begin()]
    const cookie = cookieOf(mine)
    const authorization = `Bearer ${mine.body.token}`
    expect([await statusWith({ cookie }), await statusWith({ authorization })]).toEqual([200, 200])

    await shop.ask('DELETE', '/api/v1/session', { headers: { cookie, origin } })

    expect([await statusWith({ cookie }), await statusWith({ authorization })]).toEqual([401, 401])
    expect((await begin({ authorization })).body.customer_id).not.toBe(mine.body.customer_id)
    expect(await statusWith({ authorization: `Bearer ${other.body.token}` })).toBe(200)
  })
})

describe('an operator', () => {
  it('has a name: in the log when he comes, and in his token for the audit trail', async () => {
    const { body } = await shop.ask<Session>('POST', '/api/v1/session/operator', {
      body: { secret: secret(), name: 'Ada' },
    })

    expect(await identity.verify(body.token)).toMatchObject({ role: 'operator', name: 'Ada' })
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 'info',
        name: 'Ada',
        address: '127.0.0.1',
        subject: body.customer_id,
      }),
    )
  })

  it('that is none is in the log with his address, and the secret he tried is not', async () => {
    await shop.ask('POST', '/api/v1/session/operator', { body: { secret: 'a wrong guess', name: 'Mallory' } })

    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'warn', name: 'Mallory', address: '127.0.0.1' }),
    )
    expect(JSON.stringify(lines)).not.toContain('a wrong guess')
  })
})

describe('one browser', () => {
  const current = async (headers: Record<string, string>) =>
    (await shop.ask<CurrentSession>('GET', '/api/v1/session', { headers })).body
  const receive = async (headers: Record<string, string>) =>
    (await shop.ask('POST', '/api/v1/stock', { headers, body: { product_id: 'desk-lamp', quantity: 1 } }))
      .status

  async function signInBoth() {
    const customer = await begin()
    const operator = await shop.ask<Session>('POST', '/api/v1/session/operator', {
      headers: { cookie: cookieOf(customer), origin },
      body: { secret: secret(), name: 'Ada' },
    })
    return { customer, operator, cookie: `${cookieOf(customer)}; ${cookieOf(operator)}` }
  }

  it('keeps its cart and its console: each route takes the cookie that it is for', async () => {
    const { customer, operator, cookie } = await signInBoth()
    expect(String(operator.headers['set-cookie'])).toMatch(/^lepton_operator=.+; HttpOnly; SameSite=Strict$/)

    expect([await statusWith({ cookie }), await receive({ cookie, origin })]).toEqual([200, 200])
    const renewed = await begin({ cookie, origin })
    expect(renewed.body.customer_id).toBe(customer.body.customer_id)
    expect(await receive({ cookie, origin })).toBe(200)
  })

  it('does nothing as an operator for another page, nor with a cookie under the other name', async () => {
    const { customer, operator, cookie } = await signInBoth()

    expect(await receive({ cookie, origin: 'http://evil.example' })).toBe(403)
    expect(await receive({ cookie })).toBe(403)
    const swapped = cookieOf(customer).replace('lepton_session', 'lepton_operator')
    expect(await receive({ cookie: swapped, origin })).toBe(401)
    expect(
      await statusWith({ cookie: cookieOf(operator).replace('lepton_operator', 'lepton_session') }),
    ).toBe(401)
  })

  it('learns who it is, and signs out as one of the two or as both', async () => {
    const { customer, cookie } = await signInBoth()
    expect(await current({ cookie })).toMatchObject({
      customer: { customer_id: customer.body.customer_id },
      operator: { name: 'Ada' },
      runtime: 'external',
      demo_operator: true,
    })

    const end = (query: string) =>
      shop.ask('DELETE', `/api/v1/session${query}`, { headers: { cookie, origin } })
    const ended = await end('?role=operator')
    expect(String(ended.headers['set-cookie'])).toMatch(/^lepton_operator=; Max-Age=0/)
    expect(await current({ cookie })).toMatchObject({ customer: {}, operator: null })
    await end('')
    expect(await current({ cookie })).toMatchObject({ customer: null, operator: null })
    expect(await current({})).toMatchObject({ customer: null, operator: null })
  })

  it('has cookies that no sibling domain can plant, behind a proxy', async () => {
    const proxied = connect(await startGateway({ TRUST_PROXY: '1' }))
    const answer = await proxied.ask('POST', '/api/v1/session/operator', {
      headers: { host: 'shop.example', 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.1' },
      body: { secret: secret() },
    })

    expect(String(answer.headers['set-cookie'])).toMatch(
      /^__Host-lepton_operator=.+; SameSite=Strict; Secure$/,
    )
  })
})

describe('an operator without the secret', () => {
  const signIn = (client: ShopClient, headers: Record<string, string>) =>
    client.ask<Session>('POST', '/api/v1/session/operator/demo', { headers })

  it('is made by a page of a development shop on its own machine, and is named in log and token', async () => {
    const { status, body } = await signIn(shop, { origin })

    expect(status).toBe(201)
    expect(await identity.verify(body.token)).toMatchObject({ role: 'operator', name: 'demo' })
    expect(lines).toContainEqual(expect.objectContaining({ name: 'demo', subject: body.customer_id }))
  })

  it.each<[string, (own: string) => Record<string, string>]>([
    ['no page', () => ({})],
    ['another page', () => ({ origin: 'http://evil.example' })],
    [
      'a page whose name was bound to this machine',
      () => ({ origin: 'http://evil.example', host: 'evil.example' }),
    ],
    ['a proxy', (own) => ({ origin: own, 'x-forwarded-for': '192.0.2.1' })],
    ['a page that only looks like ours', (own) => ({ origin: own, 'sec-fetch-site': 'cross-site' })],
  ])('is refused to %s', async (_who, headersOf) => {
    const answer = await signIn(shop, headersOf(origin))

    expect([answer.status, answer.headers['set-cookie']]).toEqual([403, undefined])
  })

  it('does not exist in production, nor for addresses that DEMO_FROM does not name', async () => {
    for (const settings of [{ LEPTON_ENV: 'production' }, { DEMO_FROM: '192.0.2.0/24' }]) {
      const url = await startGateway(settings)
      const client = connect(url)

      expect((await signIn(client, { origin: url })).status).toBe(403)
      const { body } = await client.ask<CurrentSession>('GET', '/api/v1/session')
      expect(body.demo_operator).toBe(false)
    }
  })
})

function secret(): string {
  return readFileSync(identity.secrets.operatorSecretFile, 'utf8').trim()
}
