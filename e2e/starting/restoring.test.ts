import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import type { Mode } from '@lepton/contracts/fields'
import { createShopClient, type ShopClient, type Shopper } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { askDatabase } from '../chaos/collect/ask-database.ts'
import { readMessaging } from '../chaos/collect/databases.ts'
import { readLedger } from '../chaos/collect/ledger.ts'
import { untilQuiet } from '../chaos/collect/quiet.ts'
import { dumpTopics } from '../chaos/collect/topics.ts'
import { type SpawnedShop, spawnShop } from '../spawned-shop.ts'

// A shop is backed up while it sells, sells on, and loses its machine; what is left is the backup, and the card processor.

jest.setTimeout(180_000)

const CUSTOMERS = 4
const MIN_SOLD = 12
const QUIET_MS = 60_000
const RECONCILED = { timeoutMs: 60_000, everyMs: 1_000 }
const PAYMENTS: readonly (readonly [token: string, mode: Mode])[] = [
  ['tok_approved', 'saga'],
  ['tok_approved', 'two_phase'],
  ['tok_declined', 'saga'],
  ['tok_slow', 'saga'],
]
const ARGS = [
  ...['--instances', 'cart=1,inventory=1,order=1,payment=1'],
  ...['--set', 'gateway.RATE_LIMIT_PER_MINUTE=1000000'],
]

interface Sale {
  id: string
  askedAtMs: number
  shopper: Shopper
}

let folder: string
let shop: SpawnedShop
let client: ShopClient
const sales: Sale[] = []
/** How many had been accepted when the backup began. */
let began = 0
let endedAtMs: number
let backedUp = { code: -1, output: '' }
let refunded: Sale
let lost: { id: string; repeat: () => Promise<{ status: number; body: { order_id: string } }> }

/** One order after the other, until the shop is not there any more. */
async function keepBuying(shopper: Shopper): Promise<void> {
  for (let count = 0; ; count++) {
    const [token, mode] = PAYMENTS[count % PAYMENTS.length]!
    const askedAtMs = performance.now()
    const id = await shopper.place([{ item_id: 'desk-mat', quantity: 1 }], token, mode)
    sales.push({ id, askedAtMs, shopper })
  }
}

/** What was asked for when the backup had ended. */
const later = () => sales.filter(({ askedAtMs }) => askedAtMs > endedAtMs)

/** An order whose client can send the same request again, to whichever shop there is. */
async function buyRepeatably({ token }: Shopper): Promise<typeof lost> {
  const request = {
    body: { lines: [{ item_id: 'desk-mat', quantity: 2 }], payment_token: 'tok_approved', mode: 'saga' },
    key: randomUUID(),
    headers: { authorization: `Bearer ${token}` },
  }
  const repeat = () => client.ask<{ order_id: string }>('POST', '/api/v1/orders', request)
  const { status, body } = await repeat()
  expect(status).toBe(202)
  return { id: body.order_id, repeat }
}

const refund = ({ id, shopper }: Sale) => shopper.ask('POST', `/api/v1/orders/${id}/refund`)

/** As an operator does it, at the card processor itself. */
async function giveBack({ charge_id, state }: { charge_id: string; state: string }): Promise<void> {
  const move = state === 'CAPTURED' ? 'refund' : 'void'
  const headers = { 'idempotency-key': randomUUID() }
  const { status } = await fetch(`${shop.urls.psp}/charges/${charge_id}/${move}`, { method: 'POST', headers })
  expect(status).toBe(200)
}

/** What the restored shop has of all orders, and what the card processor holds: also for orders that are unknown or cancelled here. */
async function readBoth() {
  const known = await askDatabase(shop.databaseUrl('order'), (ask) =>
    ask<{ order_id: string; status: string }>('select order_id, status from order_stream'),
  )
  const statuses = new Map(known.map(({ order_id, status }) => [order_id, status]))
  const { charges, movements } = readLedger(join(shop.stateDir, 'instances', 'psp-1', 'ledger.sqlite'))
  const held = charges.filter(({ state }) => state === 'AUTHORIZED' || state === 'CAPTURED')
  const owed = held.filter(({ merchant_reference }) =>
    ['CANCELLED', 'REJECTED', undefined].includes(statuses.get(merchant_reference)),
  )
  return { statuses, held, owed, movements }
}

/** Which orders the operator's command names, once every order has been settled for long enough to be checked. */
async function reconciled(): Promise<string[]> {
  const { output } = await until(
    'every order to be checked',
    async () => {
      const found = await shop.command('reconcile')
      const [, settled, all] = /(\d+) settled orders of (\d+) were checked/.exec(found.output) ?? []
      return settled !== undefined && settled === all && found
    },
    RECONCILED,
  )
  return [...new Set(output.match(/[\da-f]{8}-[\da-f-]{27}/g) ?? [])].sort()
}

describe('a shop that was lost with its machine', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lepton-restoring-'))
    shop = await spawnShop(join(folder, 'lost'), { args: ARGS })
    client = createShopClient(shop.urls.gateway)
    const shoppers = await Promise.all(Array.from({ length: CUSTOMERS }, () => client.shopper()))
    const buying = shoppers.map((shopper) => keepBuying(shopper).catch(() => undefined))
    await until('something is sold', () => sales.length >= MIN_SOLD)
    refunded = sales[0]!
    await refunded.shopper.settled(refunded.id, ['COMPLETED'])

    began = sales.length
    backedUp = await shop.command('backup', join(folder, 'backup'))
    endedAtMs = performance.now()
    expect(backedUp).toMatchObject({ code: 0 })

    expect((await refund(refunded)).status).toBe(202)
    await refunded.shopper.settled(refunded.id, ['REFUNDED'])
    lost = await buyRepeatably(refunded.shopper)
    await until('more is sold', () => later().length >= MIN_SOLD)
    await refunded.shopper.settled(lost.id, ['COMPLETED'])
    await shop.kill()
    await Promise.all(buying)
    await client.close()

    await mkdir(join(folder, 'new', 'instances'), { recursive: true })
    await rename(join(folder, 'lost', 'instances', 'psp-1'), join(folder, 'new', 'instances', 'psp-1'))
    await rm(join(folder, 'lost'), { recursive: true })
    shop = await spawnShop(join(folder, 'new'), { args: ['--restore', join(folder, 'backup'), ...ARGS] })
    client = createShopClient(shop.urls.gateway)
  })
  afterAll(async () => {
    await client?.close()
    await shop?.stop()
    await rm(folder, { recursive: true })
  })

  it('is backed up while it sells', () => {
    expect(sales.length - later().length).toBeGreaterThan(began)
    expect(shop.output()).toMatch(/ [1-9]\d* events to be published again/)
  })

  it('has what was sold before the backup, nothing of what was sold after it, and brings it to its end', async () => {
    const quiet = await untilQuiet(
      { databaseUrl: shop.databaseUrl, kafka: shop.kafka(), signal: AbortSignal.timeout(QUIET_MS) },
      QUIET_MS,
      () => Promise.resolve(),
    )

    expect(quiet.left).toEqual([])
    const { statuses } = await readBoth()
    expect(sales.slice(0, began).filter(({ id }) => !statuses.has(id))).toEqual([])
    expect(later().filter(({ id }) => statuses.has(id))).toEqual([])
  })

  it('has the log that its archives hold', async () => {
    const { archives } = await readMessaging(shop.databaseUrl)
    const archived = Object.values(archives).flatMap((events) => events.map(({ event_id }) => event_id))
    const logged = (await dumpTopics(shop.kafka())).map(({ event_id }) => event_id)

    expect(archived.length).toBeGreaterThan(began)
    expect([...new Set(logged)].sort()).toEqual(archived.sort())
  })

  it('has charged no order twice, and names those that only the card processor knows', async () => {
    const { held, owed, movements } = await readBoth()
    const ofOrders = held.map(({ merchant_reference }) => merchant_reference)
    const captured = movements.filter(({ kind, refusal }) => kind === 'capture' && refusal === null)

    expect(new Set(ofOrders).size).toBe(ofOrders.length)
    expect(new Set(captured.map(({ charge_id }) => charge_id)).size).toBe(captured.length)
    expect(owed.length).toBeGreaterThan(0)
    const named = [...owed.map(({ merchant_reference }) => merchant_reference), refunded.id]
    expect(await reconciled()).toEqual(named.sort())
  })

  it('makes the same order of a request that its client repeats, and charges it no second time', async () => {
    const again = await lost.repeat()

    expect(again).toMatchObject({ status: 202, body: { order_id: lost.id } })
    await until('it is completed', async () => (await readBoth()).statuses.get(lost.id) === 'COMPLETED')
    const { held } = await readBoth()
    expect(held.filter(({ merchant_reference }) => merchant_reference === lost.id)).toHaveLength(1)
  })

  it('agrees with the card processor when the customers have their money back', async () => {
    const { owed } = await readBoth()
    await Promise.all(owed.map(giveBack))
    const path = `/api/v1/orders/${refunded.id}`
    const headers = { authorization: `Bearer ${refunded.shopper.token}` }
    expect((await client.ask('POST', `${path}/refund`, { headers })).status).toBe(202)

    expect(await reconciled()).toEqual([])
    const { body } = await client.ask<{ status: string }>('GET', path, { headers })
    expect(body.status).toBe('REFUNDED')
  })
})
