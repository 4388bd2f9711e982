import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createHttpApp } from '@lepton/common/http/app'
import { newId } from '@lepton/common/runtime/id'
import { createMetrics } from '@lepton/common/runtime/metrics'
import type { Charge } from '@lepton/contracts/psp'
import { createIdentity, type TestIdentity } from '@lepton/testing/identity'
import { silentLog } from '@lepton/testing/log'
import { type People, type Person, servePeople } from '@lepton/testing/people'
import { type Ledger, openLedger } from '../src/ledger-store.ts'
import { pspRoutes } from '../src/routes.ts'

let folder: string
let ledger: Ledger
let identity: TestIdentity
let people: People
let shop: Person

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lepton-psp-'))
  identity = createIdentity()
  await open()
})

afterAll(async () => {
  await close()
  identity.remove()
  rmSync(folder, { recursive: true })
})

async function open(): Promise<void> {
  ledger = openLedger(join(folder, 'ledger.sqlite'))
  const deps = { log: silentLog, metrics: createMetrics(), verify: identity.verify, isReady: () => true }
  people = await servePeople(createHttpApp(deps, pspRoutes(ledger, silentLog)), identity)
  shop = people.anyone()
}

async function close(): Promise<void> {
  await people.close()
  ledger.close()
}

const authorize = (reference: string, payment_token: string, key: string = newId()) =>
  shop.post<Charge>(
    '/charges',
    { merchant_reference: reference, amount_minor: 2_500, currency: 'EUR', payment_token },
    { key },
  )
const move = (charge_id: string, what: string, key: string = newId()) =>
  shop.post<Charge>(`/charges/${charge_id}/${what}`, {}, { key })
const charges = async (reference: string) =>
  (await shop.get<{ items: Charge[] }>(`/charges?merchant_reference=${reference}`)).body.items

describe('the card processor', () => {
  it('authorises, captures and refunds in full', async () => {
    const { body: charge } = await authorize(newId(), 'tok_approved')

    expect(charge).toMatchObject({ state: 'AUTHORIZED', amount_minor: 2_500 })
    expect((await move(charge.charge_id, 'capture')).body).toMatchObject({ state: 'CAPTURED' })
    expect((await move(charge.charge_id, 'refund')).body).toMatchObject({ state: 'REFUNDED' })
  })

  it('does a thing once for a key, however often it is asked', async () => {
    const reference = newId()
    const key = newId()

    const twins = await Promise.all([1, 2, 3].map(() => authorize(reference, 'tok_approved', key)))

    expect(new Set(twins.map(({ body }) => body.charge_id)).size).toBe(1)
    expect(await charges(reference)).toHaveLength(1)
  })

  it('charges twice for two keys: a merchant has to keep to one', async () => {
    const reference = newId()
    await authorize(reference, 'tok_approved')
    await authorize(reference, 'tok_approved')
    expect(await charges(reference)).toHaveLength(2)
  })

  it('remembers keys and charges over a restart', async () => {
    const reference = newId()
    const key = newId()
    const before = await authorize(reference, 'tok_approved', key)
    await close()
    await open()

    expect((await authorize(reference, 'tok_approved', key)).body).toEqual(before.body)
    expect(await charges(reference)).toHaveLength(1)
  })

  it('declines a card without money, and refuses one that it does not take', async () => {
    const declined = await authorize(newId(), 'tok_declined')
    const broken = await authorize(newId(), 'tok_broken')

    expect(declined).toMatchObject({
      status: 200,
      body: { state: 'DECLINED', decline_reason: 'insufficient funds' },
    })
    expect(broken).toMatchObject({ status: 422, body: { detail: 'this card is not accepted' } })
  })

  it('may fail after it booked: the same key then tells what was booked', async () => {
    const reference = newId()
    const key = newId()

    const first = await authorize(reference, 'tok_error_after_commit', key)
    const again = await authorize(reference, 'tok_error_after_commit', key)

    expect(first.status).toBe(500)
    expect(again).toMatchObject({ status: 200, body: { state: 'AUTHORIZED' } })
    expect(await charges(reference)).toHaveLength(1)
  })

  it('refuses the capture of a card that was withdrawn, for good, and voids it', async () => {
    const { body: charge } = await authorize(newId(), 'tok_capture_fails')
    const key = newId()

    expect((await move(charge.charge_id, 'capture', key)).status).toBe(422)
    expect((await move(charge.charge_id, 'capture', key)).status).toBe(422)
    expect((await move(charge.charge_id, 'void')).body).toMatchObject({ state: 'VOIDED' })
  })

  it('turns a rate-limited card away once for each key, and says when to come back', async () => {
    const [reference, key] = [newId(), newId()]

    const first = await authorize(reference, 'tok_rate_limited', key)
    const again = await authorize(reference, 'tok_rate_limited', key)
    const captured = await move(again.body.charge_id, 'capture')

    expect([first.status, first.headers['retry-after']]).toEqual([429, '1'])
    expect(again).toMatchObject({ status: 200, body: { state: 'AUTHORIZED' } })
    expect(captured.status).toBe(429)
    expect(await charges(reference)).toMatchObject([{ state: 'AUTHORIZED' }])
  })

  it('may always answer a conflict after it booked: only its books tell', async () => {
    const [reference, key] = [newId(), newId()]

    for (const _time of [1, 2])
      expect((await authorize(reference, 'tok_conflict_after_commit', key)).status).toBe(409)

    expect(await charges(reference)).toMatchObject([{ state: 'AUTHORIZED' }])
  })

  it.each(['capture', 'void'])('lets an authorisation lapse before its %s', async (what) => {
    const reference = newId()
    const { body: charge } = await authorize(reference, 'tok_authorization_lapses')

    expect(await move(charge.charge_id, what)).toMatchObject({
      status: 422,
      body: { detail: 'the authorisation has lapsed' },
    })
    expect(await charges(reference)).toMatchObject([{ state: 'EXPIRED' }])
    expect((await move(charge.charge_id, 'capture')).body).toMatchObject({
      detail: 'a charge that is EXPIRED cannot be CAPTURED',
    })
  })

  it('refuses the first refund of a card for good under its key, and gives it with another, once', async () => {
    const { body: charge } = await authorize(newId(), 'tok_refund_refused_once')
    const key = newId()
    await move(charge.charge_id, 'capture')

    const refused = [await move(charge.charge_id, 'refund', key), await move(charge.charge_id, 'refund', key)]

    expect(refused.map(({ status }) => status)).toEqual([402, 402])
    expect((await move(charge.charge_id, 'refund')).body).toMatchObject({ state: 'REFUNDED' })
    expect((await move(charge.charge_id, 'refund')).status).toBe(422)
  })

  it.each([
    ['refund', 'what is not captured', [] as string[]],
    ['capture', 'what is voided', ['void']],
    ['void', 'what is captured', ['capture']],
    ['refund', 'what is refunded', ['capture', 'refund']],
  ])('does not %s %s', async (what, _which, before) => {
    const { body: charge } = await authorize(newId(), 'tok_approved')
    for (const step of before) await move(charge.charge_id, step)

    expect((await move(charge.charge_id, what)).status).toBe(422)
  })

  it('knows no charge that it did not make', async () => {
    expect((await move(newId(), 'capture')).status).toBe(422)
  })
})
