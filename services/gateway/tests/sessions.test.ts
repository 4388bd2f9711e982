import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { newId } from '@lepton/common/id'
import { getCart } from '@lepton/contracts/routes'
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

function secret(): string {
  return readFileSync(identity.secrets.operatorSecretFile, 'utf8').trim()
}
